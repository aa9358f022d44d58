// monitor_series of mrv/kernels/series_monitor.py for one thread's pixel.  Names, order of operations and types are those of
// series_monitor.py.

struct Season {
    Column<const short> y;
    const double *basis;
    int times, history, minimum;
    double share, roc;
    const double *factor;
};

__device__ inline int level_of(const Season &pixel, int start, int *level) {
    Index total = 0;
    int count = 0;
    for (int t = start; t < pixel.history; t++)
        if (pixel.y[t] != NODATA) count++, total += pixel.y[t];
    Index whole = count > 0 ? total / count : 0;
    *level = (int)(count > 0 && whole * count > total ? whole - 1 : whole);  // Python rounds down, C towards zero
    return count;
}

__device__ inline double residual_of(const Season &pixel, int level, const double *beta, int t) {
    double fitted = 0.0;
#pragma unroll
    for (int i = 0; i < SIZE; i++) fitted += pixel.basis[t * SIZE + i] * beta[i];
    return (double)(pixel.y[t] - level) - fitted;
}

__device__ inline double fit_series(const Season &pixel, int start, int level, double *beta) {
    double matrix[SIZE][SIZE];
    int count = 0;
#pragma unroll
    for (int i = 0; i < SIZE; i++) {
        beta[i] = 0.0;
#pragma unroll
        for (int j = 0; j < SIZE; j++) matrix[i][j] = 0.0;
    }
    for (int t = start; t < pixel.history; t++) {
        if (pixel.y[t] == NODATA) continue;
        const double *basis = pixel.basis + t * SIZE;
        double value = (double)(pixel.y[t] - level);
        count++;
#pragma unroll
        for (int i = 0; i < SIZE; i++) {
            beta[i] += basis[i] * value;
#pragma unroll
            for (int j = 0; j <= i; j++) matrix[i][j] += basis[i] * basis[j];
        }
    }
    if (count <= SIZE || !solve_spd(matrix, beta, SIZE)) return -1.0;
    double total = 0.0;
    for (int t = start; t < pixel.history; t++) {
        if (pixel.y[t] == NODATA) continue;
        double residual = residual_of(pixel, level, beta, t);
        total += residual * residual;
    }
    return larger(total / (double)(count - SIZE), LEAST_VARIANCE);
}

struct Rotations {
    double triangle[SIZE][SIZE], scale[SIZE], theta[SIZE], row[SIZE];
};

__device__ inline double rotate_in(double value, const double *x, Rotations &room, double *left, int *fault) {
    double weight = 1.0;
#pragma unroll
    for (int i = 0; i < SIZE; i++) room.row[i] = x[i];
#pragma unroll
    for (int i = 0; i < SIZE; i++) {
        if (weight == 0.0 || fabs(room.row[i]) < NOTHING) continue;
        double head = room.row[i];
        double grown = room.scale[i] + weight * head * head;
        double cosine = ratio(room.scale[i], grown, fault), sine = weight * head / grown;
        weight *= cosine;
        room.scale[i] = grown;
#pragma unroll
        for (int k = i + 1; k < SIZE; k++) {
            double below = room.row[k];
            room.row[k] = below - head * room.triangle[i][k];
            room.triangle[i][k] = cosine * room.triangle[i][k] + sine * below;
        }
        double below = value;
        value = below - head * room.theta[i];
        room.theta[i] = cosine * room.theta[i] + sine * below;
    }
    *left = weight;
    return value;
}

__device__ inline int date_before_end(const Season &pixel, int back) {
    int t = pixel.history;
    while (back >= 0) back -= pixel.y[--t] != NODATA;
    return t;
}

__device__ inline int stable_start(const Season &pixel, Column<double> sums, int *fault) {
    int level, count = level_of(pixel, 0, &level);
    if (count <= SIZE + 1) return 0;
    Rotations room;
#pragma unroll
    for (int i = 0; i < SIZE; i++) {
        room.scale[i] = 0.0, room.theta[i] = 0.0;
#pragma unroll
        for (int k = 0; k < SIZE; k++) room.triangle[i][k] = 0.0;
    }
    int seen = 0, kept = 0;
    double mean = 0.0;
    for (int t = pixel.history - 1; t >= 0; t--) {
        if (pixel.y[t] == NODATA) continue;
        seen++;
        double weight, rest = rotate_in((double)(pixel.y[t] - level), pixel.basis + t * SIZE, room, &weight, fault);
        if (seen > SIZE) {
            double sum = rest * sqrt(weight);
            sums[kept++] = sum;
            mean += sum;
        }
    }
    mean /= (double)kept;
    double spread = 0.0, total = 0.0;
    for (int i = 0; i < kept; i++) spread += (sums[i] - mean) * (sums[i] - mean);
    double limit = pixel.roc * sqrt(larger(spread / (double)(kept - 1), LEAST_VARIANCE)) * sqrt((double)kept);
    for (int i = 0; i < kept; i++) {
        total += sums[i];
        if (fabs(total) > limit * (1.0 + 2.0 * (double)(i + 1) / (double)kept)) return date_before_end(pixel, SIZE + i) + 1;
    }
    return 0;
}

__device__ inline int whole_of(double residual) { return (int)smaller(larger(rint(residual), -REACH), REACH); }
__device__ inline int whole_of(float residual) { return (int)smaller(larger(rintf(residual), -(float)REACH), (float)REACH); }

// Median of rounded residuals, rounded half up; 0 of none.  Found by halving the range that they lie in.
template <class T> __device__ inline int middle_of(Column<T> residuals, int first, int count) {
    if (count == 0) return 0;
    int low = -32767, high = 32767, among = 0, next = 32767;
    while (low < high) {
        int half = low + (high - low) / 2, below = 0;
        for (int i = first; i < first + count; i++) below += whole_of(residuals[i]) <= half;
        if (below > (count - 1) / 2) high = half;
        else low = half + 1;
    }
    for (int i = first; i < first + count; i++) {
        int value = whole_of(residuals[i]);
        among += value <= low;
        if (value > low) next = smaller(next, value);
    }
    return (low + (among > count / 2 ? low : next) + 1) >> 1;
}

__device__ inline int watch_series(
    const Season &pixel, int start, int level, const double *beta, double spread, int window, const double *factor,
    Column<double> residuals, int *middle
) {
    int kept = 0, found = NO_BREAK_INDEX;
    for (int t = start; t < pixel.history; t++)
        if (pixel.y[t] != NODATA) residuals[kept++] = residual_of(pixel, level, beta, t);
    double process = 0.0;
    for (int i = kept - window; i < kept; i++) process += residuals[i];
    int past = kept;
    for (int t = pixel.history; t < pixel.times; t++) {
        if (pixel.y[t] == NODATA) continue;
        double residual = residual_of(pixel, level, beta, t);
        residuals[kept] = residual;
        process += residual;
        if (window > 0) process -= residuals[kept - window];
        if (found == NO_BREAK_INDEX && fabs(process) > factor[kept - past] * spread) found = t;
        kept++;
    }
    *middle = middle_of(residuals, past, kept - past);
    return found;
}

__device__ inline int monitor_series(const Season &pixel, Column<double> room, int *magnitude, int *start, int *fault) {
    *start = pixel.roc > 0.0 ? stable_start(pixel, room, fault) : 0;
    *magnitude = 0;
    int level, count = level_of(pixel, *start, &level);
    if (count < pixel.minimum) return UNMONITORED_INDEX;
    double beta[SIZE], variance = fit_series(pixel, *start, level, beta);
    if (variance < 0.0) return UNMONITORED_INDEX;
    double spread = sqrt(variance) * sqrt((double)count);
    const double *factor = pixel.factor + (Index)count * (pixel.times - pixel.history + 1);
    return watch_series(pixel, *start, level, beta, spread, (int)(pixel.share * (double)count), factor, room, magnitude);
}
