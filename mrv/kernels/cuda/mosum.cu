// monitor_block of mrv/kernels/mosum.py, one thread a pixel; the fit is that of season_tile.py.  The ranks of a tile are the
// observations of a pixel here, and what the sorting network finds is found as in middle_of; every float is as there.

#define ROWS (MOST_COEFFICIENTS + 1)

struct Tile {
    Column<const short> y;
    int times, history, level;
};

__device__ inline float mask_sums(const Tile &pixel, const float *table, int groups, float *sums) {
#pragma unroll
    for (int m = 0; m < SUMS; m++) sums[m] = 0.0f;
    for (int g = 0; g < groups; g += MASK_STEP) {
        const float *row[MASK_STEP];
        for (int step = 0; step < MASK_STEP; step++) {
            int code = 0, first = (g + step) * MASK_BITS;
            for (int bit = 0; bit < MASK_BITS && first + bit < pixel.history; bit++)
                code |= (pixel.y[first + bit] != NODATA) << bit;
            row[step] = table + ((Index)(g + step) * (1 << MASK_BITS) + code) * SUMS;
        }
#pragma unroll
        for (int m = 0; m < SUMS; m++) sums[m] += (row[0][m] + row[1][m]) + row[2][m];
    }
    return sums[0];
}

__device__ inline int level_of_tile(const Tile &pixel, float size) {
    int total = 0;
    for (int t = 0; t < pixel.history; t++) total += pixel.y[t] != NODATA ? pixel.y[t] : 0;
    return (int)floor((double)total / (double)larger(size, 1.0f));
}

__device__ inline void right_sides(const Tile &pixel, const float *basis, int dates, float *right) {
#pragma unroll
    for (int k = 0; k < ROWS; k++) right[k] = 0.0f;
    for (int t = 0; t < dates; t += MASK_BITS) {
        float r[MASK_BITS];
#pragma unroll
        for (int i = 0; i < MASK_BITS; i++) {
            bool seen = t + i < pixel.history && pixel.y[t + i] != NODATA;
            r[i] = seen ? (float)pixel.y[t + i] - (float)pixel.level : 0.0f;
        }
#pragma unroll
        for (int k = 0; k < SIZE; k++) {
            const float *a = basis + t * SIZE + k;
            right[k] += ((a[0] * r[0] + a[SIZE] * r[1]) + (a[2 * SIZE] * r[2] + a[3 * SIZE] * r[3])) +
                        ((a[4 * SIZE] * r[4] + a[5 * SIZE] * r[5]) + (a[6 * SIZE] * r[6] + a[7 * SIZE] * r[7]));
        }
        right[SIZE] += ((r[0] * r[0] + r[1] * r[1]) + (r[2] * r[2] + r[3] * r[3])) +
                       ((r[4] * r[4] + r[5] * r[5]) + (r[6] * r[6] + r[7] * r[7]));
    }
}

__device__ inline int at(int row, int column) { return row * (row + 1) / 2 + column; }

// The smallest pivot as a share of its diagonal entry.
__device__ inline float solve_tile(float *matrix, float *right) {
    float weak = 1.0f, inverse[SIZE];
#pragma unroll
    for (int j = 0; j < SIZE; j++) {
        float rest = matrix[at(j, j)];
#pragma unroll
        for (int k = 0; k < j; k++) {
            matrix[at(j, j)] -= matrix[at(j, k)] * matrix[at(j, k)];
            right[j] -= matrix[at(j, k)] * right[k];
        }
        weak = smaller(weak, matrix[at(j, j)] / larger(rest, 1.0f));
        inverse[j] = 1.0f / sqrtf(larger(matrix[at(j, j)], TINY));
        right[j] *= inverse[j];
        right[SIZE] -= right[j] * right[j];
#pragma unroll
        for (int i = j + 1; i < SIZE; i++) {
#pragma unroll
            for (int k = 0; k < j; k++) matrix[at(i, j)] -= matrix[at(i, k)] * matrix[at(j, k)];
            matrix[at(i, j)] *= inverse[j];
        }
    }
#pragma unroll
    for (int i = SIZE - 1; i >= 0; i--) {
#pragma unroll
        for (int k = i + 1; k < SIZE; k++) right[i] -= matrix[at(k, i)] * right[k];
        right[i] *= inverse[i];
    }
    return weak;
}

__device__ inline float residual(const Tile &pixel, const float *single, const float *model, int t) {
    const float *b = single + t * WIDTH;
    float out = 0.0f;
#pragma unroll
    for (int k = 0; k < WIDTH; k += 4) {
        float fitted = (b[k] * model[k] + b[k + 1] * model[k + 1]) + (b[k + 2] * model[k + 2] + b[k + 3] * model[k + 3]);
        out = k == 0 ? ((float)pixel.y[t] - (float)pixel.level) - fitted : out - fitted;
    }
    return out;
}

extern "C" __global__ void monitor_block(
    const short *index, const int *days, const double *basis, const float *padded, const float *single, const float *table,
    const int *pair, const float *pair_factor, const double *factor, const float *factor_single, int times, int history,
    int dates, int groups, int minimum, double share, Index pixels, float *singles, double *doubles, int *out_day,
    short *out_magnitude, short *out_index, int *fault
) {
    Index p = this_pixel();
    if (p >= pixels) return;
    Tile pixel = {column(index, 0, pixels, p), times, history, 0};
    out_day[p] = UNMONITORED, out_magnitude[p] = 0, out_index[p] = UNMONITORED_INDEX;

    float sums[SUMS], matrix[SIZE * (SIZE + 1) / 2], model[ROWS], observations = mask_sums(pixel, table, groups, sums);
    for (int e = 0; e < SIZE * (SIZE + 1) / 2; e++)
        matrix[e] = pair_factor[2 * e] * sums[pair[2 * e]] + pair_factor[2 * e + 1] * sums[pair[2 * e + 1]];
    pixel.level = level_of_tile(pixel, observations);
    right_sides(pixel, padded, dates, model);
    float before = model[SIZE], weak = solve_tile(matrix, model);
    bool sound = weak > WEAK_PIVOT && model[SIZE] / larger(before, 1.0f) > WEAK_REST;
    int size = (int)observations, window = (int)((float)share * observations), ahead = times - history + 1;
    if (size < minimum) return;
    float variance = model[SIZE] / larger(observations - (float)SIZE, 1.0f);
    float limit = sqrtf(larger(variance, (float)LEAST_VARIANCE) * observations);
    limit *= (float)factor[(Index)size * ahead];

    // What a window holds first is the history's last observations; then each date's.
    Column<float> ranked = column(singles, 0, pixels, p);
    int lacking = window;
    for (int t = history - 1; t >= 0 && lacking > 0; t--)
        if (pixel.y[t] != NODATA) ranked[--lacking] = residual(pixel, single, model, t);
    float process = 0.0f, nearest = FAR;
    if (share > 0.0)
        for (int j = 0; j < window; j++) process += ranked[j];
    int seen = 0, date = NO_BREAK_INDEX;
    for (int t = history; t < times; t++) {
        if (pixel.y[t] == NODATA) continue;
        float entering = residual(pixel, single, model, t);
        ranked[window + seen] = entering;
        if (share > 0.0) process += entering - ranked[seen];
        else process += entering;
        float over = fabsf(process) - limit * factor_single[(Index)size * (ahead + 1) + seen];
        if (date == NO_BREAK_INDEX) {
            nearest = smaller(nearest, fabsf(over));
            if (over > 0.0f) date = t;
        }
        seen++;
    }
    int magnitude = 0, start;
    if (!sound || !(nearest > NEAR * limit)) {
        Season again = {pixel.y, basis, times, history, minimum, share, 0.0, factor};
        date = monitor_series(again, column(doubles, 0, pixels, p), &magnitude, &start, fault);
        if (date == UNMONITORED_INDEX) return;
    } else {
        magnitude = middle_of(ranked, window, seen);
    }
    out_magnitude[p] = (short)magnitude, out_index[p] = (short)date;
    out_day[p] = date >= 0 ? days[date] : NO_BREAK;
}
