// monitor_block of mrv/kernels/step_monitor.py, one thread a pixel.  Names, order of operations and types are those of
// step_monitor.py, tile_fit.py and steps.py; float is their float32, double their float64.

#define SIZE (FEATURES * COEFFICIENTS)

struct Series {
    Column<float> value[FEATURES], weight;
    const float *waves;
    int times, history;
};

__device__ inline void load(
    const short *bands, const unsigned char *clear, const float *weights, const float *offset, int roles, int rows,
    Index pixels, Index pixel, const Series &series
) {
    for (int t = 0; t < series.times; t++) {
        const short *band = bands + (Index)t * roles * pixels + pixel;
        for (int f = 0; f < FEATURES; f++) {
            const float *w = weights + f * roles;
            float value = -offset[f * series.times + t];
            int b = 0;
            for (; b < roles - roles % 3; b += 3) {
                float b0 = (float)band[b * pixels], b1 = (float)band[(b + 1) * pixels], b2 = (float)band[(b + 2) * pixels];
                value += (w[b] * b0 + w[b + 1] * b1) + w[b + 2] * b2;
            }
            for (; b < roles; b++) value += w[b] * (float)band[b * pixels];
            series.value[f][t] = value;
        }
        series.weight[t] = (float)clear[(Index)t * pixels + pixel];
    }
    for (int t = series.times; t < rows; t++) {
        for (int f = 0; f < FEATURES; f++) series.value[f][t] = 0.0f;
        series.weight[t] = 0.0f;
    }
}

__device__ inline void accumulate(const Series &series, const float *padded, int padded_rows, float *sums) {
    for (int m = 0; m < WAVES + SIZE; m++) sums[m] = 0.0f;
    for (int t = 0; t < padded_rows; t += BLOCK) {
        float w[BLOCK];
        for (int i = 0; i < BLOCK; i++) w[i] = series.weight[t + i];
        const float *a0 = padded + t * WAVES, *a1 = a0 + WAVES, *a2 = a1 + WAVES, *a3 = a2 + WAVES;
#pragma unroll
        for (int m = 0; m < WAVES; m++) sums[m] += (a0[m] * w[0] + a1[m] * w[1]) + (a2[m] * w[2] + a3[m] * w[3]);
#pragma unroll
        for (int f = 0; f < FEATURES; f++) {
            float v[BLOCK];
            for (int i = 0; i < BLOCK; i++) v[i] = w[i] * series.value[f][t + i];
#pragma unroll
            for (int k = 0; k < COEFFICIENTS; k++)
                sums[WAVES + COEFFICIENTS * f + k] += (a0[k] * v[0] + a1[k] * v[1]) + (a2[k] * v[2] + a3[k] * v[3]);
        }
    }
}

__device__ inline void fill(const float *sums, float per_coefficient, float ridge, float *matrix, float *step) {
    float n = sums[0], c1 = sums[1], s1 = sums[2], c2 = sums[3], s2 = sums[4];
    float c3 = sums[5], s3 = sums[6], c4 = sums[7], s4 = sums[8];
    float one = n >= per_coefficient * 3.0f ? 1.0f : 0.0f, two = n >= per_coefficient * 5.0f ? 1.0f : 0.0f;
    float pad1 = ridge + (1.0f - one), pad2 = ridge + (1.0f - two);
    matrix[0] = n + TINY;
    matrix[1] = c1 * one, matrix[2] = 0.5f * (n + c2) * one + pad1;
    matrix[3] = s1 * one, matrix[4] = 0.5f * s2 * one, matrix[5] = 0.5f * (n - c2) * one + pad1;
    matrix[6] = c2 * two, matrix[7] = 0.5f * (c1 + c3) * two, matrix[8] = 0.5f * (s3 - s1) * two;
    matrix[9] = 0.5f * (n + c4) * two + pad2;
    matrix[10] = s2 * two, matrix[11] = 0.5f * (s3 + s1) * two, matrix[12] = 0.5f * (c1 - c3) * two;
    matrix[13] = 0.5f * s4 * two, matrix[14] = 0.5f * (n - c4) * two + pad2;
    for (int f = 0; f < FEATURES; f++) {
        const float *right = sums + WAVES + COEFFICIENTS * f;
        float *base = step + COEFFICIENTS * f;
        base[0] = right[0];
        base[1] = right[1] * one, base[2] = right[2] * one;
        base[3] = right[3] * two, base[4] = right[4] * two;
    }
}

__device__ inline int at(int row, int column) { return row * (row + 1) / 2 + column; }

__device__ inline void solve(float *matrix, float *step) {
#pragma unroll
    for (int j = 0; j < COEFFICIENTS; j++) {
#pragma unroll
        for (int k = 0; k < j; k++) matrix[at(j, j)] -= matrix[at(j, k)] * matrix[at(j, k)];
        matrix[at(j, j)] = sqrtf(larger(matrix[at(j, j)], TINY));
#pragma unroll
        for (int i = j + 1; i < COEFFICIENTS; i++) {
#pragma unroll
            for (int k = 0; k < j; k++) matrix[at(i, j)] -= matrix[at(i, k)] * matrix[at(j, k)];
            matrix[at(i, j)] /= matrix[at(j, j)];
        }
    }
#pragma unroll
    for (int f = 0; f < FEATURES; f++) {
        float *value = step + COEFFICIENTS * f;
#pragma unroll
        for (int i = 0; i < COEFFICIENTS; i++) {
#pragma unroll
            for (int k = 0; k < i; k++) value[i] -= matrix[at(i, k)] * value[k];
            value[i] /= matrix[at(i, i)];
        }
#pragma unroll
        for (int i = COEFFICIENTS - 1; i >= 0; i--) {
#pragma unroll
            for (int k = i + 1; k < COEFFICIENTS; k++) value[i] -= matrix[at(k, i)] * value[k];
            value[i] /= matrix[at(i, i)];
        }
    }
}

__device__ inline void subtract_model(const Series &series, const float *model, int first, int last) {
#pragma unroll
    for (int f = 0; f < FEATURES; f++) {
        const float *b = model + COEFFICIENTS * f;
        for (int t = first; t < last; t++) {
            const float *wave = series.waves + t * WAVES;
            series.value[f][t] -= (b[0] + (wave[1] * b[1] + wave[2] * b[2])) + (wave[3] * b[3] + wave[4] * b[4]);
        }
    }
}

__device__ inline void scatter(const Series &series, float per_coefficient, const float *floor_, float *sigma) {
    float seen = 0.0f;
    for (int t = 0; t < series.history; t++) seen += series.weight[t];
    float size = seen >= per_coefficient * 5.0f ? 5.0f : 1.0f;
    size = size == 1.0f && seen >= per_coefficient * 3.0f ? 3.0f : size;
#pragma unroll
    for (int f = 0; f < FEATURES; f++) {
        float spread = 0.0f;
        for (int t = 0; t < series.history; t++) {
            float row = series.value[f][t];
            spread += series.weight[t] * row * row;
        }
        sigma[f] = larger(sqrtf(spread / larger(seen - size, 1.0f)), floor_[f]);
    }
    sigma[FEATURES] = seen;
}

__device__ inline void screen(const Series &series, Column<const unsigned char> clear, const float *sigma, float cut) {
    for (int t = 0; t < series.history; t++) {
        float counted = (float)clear[t];
#pragma unroll
        for (int f = 0; f < FEATURES; f++) counted = fabsf(series.value[f][t]) <= cut * sigma[f] ? counted : 0.0f;
        series.weight[t] = counted;
    }
}

__device__ inline void screen_haze(const Series &series, float sigma, float below, float above, float tint) {
    for (int t = series.history; t < series.times; t++) {
        float row = series.value[HAZE][t], value = series.value[LOSS][t], counted = series.weight[t];
        bool inside = row > -below * sigma && row < above * sigma;
        float corrected = inside ? value : value - tint * row;
        series.value[LOSS][t] = counted > 0.0f ? corrected : UNSEEN;
        series.weight[t] = inside ? counted : 0.0f;
    }
}

__device__ inline void ring(const Series &series, float sigma, const double *rules, float *most, float *least, int *fault) {
    float delta = (float)rules[R_DELTA], clip = (float)rules[R_CLIP], drift = (float)rules[R_DRIFT];
    float up = 0.0f, down = 0.0f, inverse = ratio(1.0f, larger(sigma, drift), fault);
    *most = *least = 0.0f;
    for (int t = series.history; t < series.times; t++) {
        float counted = series.weight[t];
        float z = counted * smaller(larger(series.value[LOSS][t] * inverse, -clip), clip), shift = counted * delta;
        up = larger(up + z - shift, 0.0f);
        down = larger(down - z - shift, 0.0f);
        *most = larger(*most, up), *least = larger(*least, down);
    }
}

// The observations that count since the history: which date each is, and where the search notes what it found.
struct Seen {
    Column<int> date, end;
    Column<double> height, score, totals;
    const int *days;
    Column<float> value;
    int count;
    __device__ int day(int k) const { return days[date[k]]; }
    __device__ double at(int k) const { return (double)value[date[k]]; }
    __device__ double &total(int i, int k) const { return totals[(Index)k * SUMS + i]; }
};

__device__ inline void running_sums(const Seen &seen, const float *waves) {
    double sum[SUMS] = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
    for (int j = 0; j <= seen.count; j++) {
#pragma unroll
        for (int i = 0; i < SUMS; i++) seen.total(i, j) = sum[i];
        if (j == seen.count) break;
        const float *wave = waves + seen.date[j] * WAVES;
        double c = (double)wave[1], s = (double)wave[2], r = seen.at(j);
        sum[0] = sum[0] + c;
        sum[1] = sum[1] + s;
        sum[2] = sum[2] + c * c;
        sum[3] = sum[3] + s * s;
        sum[4] = sum[4] + c * s;
        sum[5] = sum[5] + r;
        sum[6] = sum[6] + r * c;
        sum[7] = sum[7] + r * s;
    }
}

__device__ inline void fit_step(
    const Seen &seen, int k, int end, double variance, double season, double drift, double *height, double *score, int *fault
) {
    double d[SUMS];
#pragma unroll
    for (int i = 0; i < SUMS; i++) d[i] = seen.total(i, end) - seen.total(i, k);
    double prior = ratio(1.0, season * season, fault);
    double c = d[0], s = d[1], cc = d[2], ss = d[3], cs = d[4], r = d[5], rc = d[6], rs = d[7];
    double a11 = ratio(cc, variance, fault) + prior, a22 = ss / variance + prior, a12 = cs / variance;
    double b1 = c / variance, b2 = s / variance;
    double determinant = a11 * a22 - a12 * a12;
    double x1 = ratio(a22 * b1 - a12 * b2, determinant, fault), x2 = (a11 * b2 - a12 * b1) / determinant;
    double information = (double)(end - k) / variance - (b1 * x1 + b2 * x2);
    *height = ratio(r / variance - (rc * x1 + rs * x2) / variance, information, fault);
    *score = ratio(*height, sqrt(ratio(1.0, information, fault) + drift * drift), fault);
}

__device__ inline int find_step(
    const Seen &seen, double sign, double sigma, const double *rules, int window, int fewest, int *fault
) {
    double variance = sigma * sigma, highest = rules[R_POSSIBLE];
    int end = 0, first = -1, best = -1, starts = seen.count - fewest + 1;
    for (int k = 0; k < starts; k++) {
        while (end < seen.count && seen.day(end) - seen.day(k) <= window) end++;
        seen.end[k] = end, seen.height[k] = 0.0, seen.score[k] = 0.0;
        if (end - k < fewest || sign * seen.at(k) <= 0.0) continue;
        double height, score;
        fit_step(seen, k, end, variance, rules[R_SEASON], rules[R_DRIFT], &height, &score, fault);
        seen.height[k] = height = sign * height, seen.score[k] = score = sign * score;
        if (height < rules[R_LEAST] || sign * seen.at(k) < rules[R_SHARE] * height) continue;
        if (score >= rules[R_CERTAIN] && first < 0) first = k;
        if (score > highest) best = k, highest = score;
        if (first >= 0 && k >= first + LOOK) break;
    }
    if (first < 0) return best;
    int stop = seen.end[first];
    double most = -1e300 * 1e300;  // minus infinity
    best = first;
    for (int k = first - BACK > 0 ? first - BACK : 0; k < (first + LOOK < starts ? first + LOOK : starts); k++) {
        if (seen.score[k] >= 0.75 * rules[R_CERTAIN] && seen.height[k] >= rules[R_LEAST] && k < stop) {
            double level = sign * seen.height[k];
            double left = level * (2.0 * (seen.total(5, stop) - seen.total(5, k)) - level * (double)(stop - k));
            if (left > most) best = k, most = left;
        }
    }
    return best;
}

// The first hazy observation before a step that already shows more than half of it.
__device__ inline int first_hazy(const Series &series, const int *days, int before, int day, double sign, double height) {
    int found = day;
    for (int t = series.times - 1; t >= series.history; t--) {
        int when = days[t];
        if (when <= before) break;
        float residual = series.value[LOSS][t];
        if (when < day && residual != UNSEEN) {
            if (sign * (double)residual <= 0.5 * height) break;
            found = when;
        }
    }
    return found;
}

__device__ inline void write(
    Column<int> out, const Seen &seen, int k, double sign, double opened, const double *rules, const unsigned char *confidence,
    int confidences, int *fault
) {
    double height = seen.height[k], score = seen.score[k], left = 0.0;
    if (sign > 0.0) out[CLASS] = height >= rules[R_CLEARING] ? CLEARING : DEGRADATION;
    else out[CLASS] = opened >= rules[R_BARE] ? GAIN : RECOVERY;
    out[MAGNITUDE] = (int)floor(100.0 * height + 0.5);
    out[CONFIDENCE] = confidence[smaller((Index)(4.0 * score), (Index)confidences - 1)];
    int n = 0;
    for (int j = seen.count - 1; j >= k; j--) {
        if (seen.day(seen.count - 1) - seen.day(j) >= LAST_YEAR) break;
        left += sign * seen.at(j);
        n++;
    }
    double back = floor(100.0 * (1.0 - ratio(left / (double)n, height, fault)) + 0.5);
    out[RECOVERED] = (int)smaller(larger(back, 0.0), 100.0);
}

extern "C" __global__ void monitor_block(
    const short *bands, const unsigned char *clear, const float *weights, const float *offset, const int *days,
    const float *waves, const float *padded, const float *fit, const float *floor_, const double *rules,
    const unsigned char *confidence, int confidences, double forest_level, int roles, int times, int padded_rows, int rows,
    int history, int minimum, int window, int fewest, Index pixels, float *singles, double *doubles, int *integers, int *out,
    int *fault
) {
    Index pixel = this_pixel();
    if (pixel >= pixels) return;
    Series series;
    for (int f = 0; f < FEATURES; f++) series.value[f] = column(singles, (Index)f * rows, pixels, pixel);
    series.weight = column(singles, (Index)FEATURES * rows, pixels, pixel);
    series.waves = waves, series.times = times, series.history = history;

    load(bands, clear, weights, offset, roles, rows, pixels, pixel, series);
    float model[SIZE], step[SIZE], sums[WAVES + SIZE], matrix[COEFFICIENTS * (COEFFICIENTS + 1) / 2], sigma[FEATURES + 1];
    for (int i = 0; i < SIZE; i++) model[i] = 0.0f;
    for (int i = 0; i <= FEATURES; i++) sigma[i] = 0.0f;
    for (int turn = 0; turn < (int)fit[ROUNDS]; turn++) {
        accumulate(series, padded, padded_rows, sums);
        fill(sums, fit[PER_COEFFICIENT], fit[RIDGE], matrix, step);
        solve(matrix, step);
        for (int i = 0; i < SIZE; i++) model[i] += step[i];
        subtract_model(series, step, 0, history);
        scatter(series, fit[PER_COEFFICIENT], floor_, sigma);
        if (turn < (int)fit[ROUNDS] - 1) screen(series, column(clear, 0, pixels, pixel), sigma, fit[CUT]);
    }
    subtract_model(series, model, history, times);
    screen_haze(series, sigma[HAZE], fit[HAZE_BELOW], fit[HAZE_ABOVE], fit[TINT]);

    Column<int> found = column(out, 0, pixels, pixel);
    for (int i = 0; i < RESULT_ROWS; i++) found[i] = 0;
    float past = sigma[FEATURES], most, least, counted = 0.0f;
    ring(series, sigma[LOSS], rules, &most, &least, fault);
    if ((double)past < (double)minimum) {
        found[DAY] = UNMONITORED;
        return;
    }
    for (int t = history; t < times; t++) counted += series.weight[t];
    found[COUNT] = (int)past + (int)counted;
    if ((double)larger(most, least) < rules[R_LIMIT]) return;

    Seen seen;
    int after = times - history;
    seen.date = column(integers, 0, pixels, pixel), seen.end = column(integers, after, pixels, pixel);
    seen.height = column(doubles, 0, pixels, pixel), seen.score = column(doubles, after, pixels, pixel);
    seen.totals = column(doubles, 2 * (Index)after, pixels, pixel);
    seen.days = days, seen.value = series.value[LOSS], seen.count = 0;
    for (int t = history; t < times; t++)
        if (series.weight[t] > 0.0f) seen.date[seen.count++] = t;
    running_sums(seen, waves);
    for (int way = 0; way < 2; way++) {
        double sign = way == 0 ? 1.0 : -1.0;
        if ((double)(way == 0 ? most : least) < rules[R_LIMIT]) continue;
        int k = find_step(seen, sign, (double)sigma[LOSS], rules, window, fewest, fault);
        if (k < 0) continue;
        int last = times - 1;  // what an index of −1 means in Python
        for (int t = 0; t < history; t++) last = series.weight[t] > 0.0f ? t : last;
        int before = k > 0 ? seen.day(k - 1) : days[last];
        found[DAY] = first_hazy(series, days, before, seen.day(k), sign, seen.height[k]), found[SINCE] = before;
        write(found, seen, k, sign, (double)model[COEFFICIENTS * LOSS] - forest_level, rules, confidence, confidences, fault);
        break;
    }
}
