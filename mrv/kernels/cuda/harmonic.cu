// monitor of mrv/kernels/harmonic.py, one thread a pixel.  Names, order of operations and types are those of harmonic.py.
// Medians are found by halving the range of the integers they lie in, which needs no room and gives what sorting gives.

#define LOWEST (-65536)
#define HIGHEST 65536

struct Fit {
    const double *basis;
    int coefficients, per_coefficient, minimum;
    double floor;
};

struct Pixel {
    Column<const short> y;
    Column<unsigned char> keep;
};

__device__ inline int distance(int value, int from) { return value < from ? from - value : value - from; }

// The (count - 1) / 2-th smallest of the seen values of a history, or of their distances from its median.
__device__ inline int lower_middle(Column<const short> y, int history, int count, bool distances, int median) {
    int low = LOWEST, high = HIGHEST;
    while (low < high) {
        int middle = low + (high - low) / 2, below = 0;
        for (int t = 0; t < history; t++) {
            int value = distances ? distance(y[t], median) : y[t];
            below += y[t] != NODATA && value <= middle;
        }
        if (below > (count - 1) / 2) high = middle;
        else low = middle + 1;
    }
    return low;
}

__device__ inline int screen_by_median(Pixel pixel, int history, double floor) {
    int count = 0;
    for (int t = 0; t < history; t++) count += pixel.y[t] != NODATA;
    if (count == 0) return 0;
    int median = lower_middle(pixel.y, history, count, false, 0);
    double deviation = (double)lower_middle(pixel.y, history, count, true, median);
    double lowest = (double)median - SCREEN_SIGMA * larger(MAD_TO_SIGMA * deviation, floor);
    count = 0;
    for (int t = 0; t < history; t++) {
        bool kept = pixel.y[t] != NODATA && (double)pixel.y[t] >= lowest;
        pixel.keep[t] = kept;
        count += kept;
    }
    return count;
}

__device__ inline int fit_kept(Pixel pixel, int times, const Fit &fit, int size, double *beta) {
    double matrix[SIZE][SIZE];
    int count = 0;
#pragma unroll
    for (int i = 0; i < SIZE; i++) {
        beta[i] = 0.0;
#pragma unroll
        for (int j = 0; j < SIZE; j++) matrix[i][j] = 0.0;
    }
    for (int t = 0; t < times; t++) {
        if (!pixel.keep[t]) continue;
        const double *basis = fit.basis + t * fit.coefficients;
        double y = (double)pixel.y[t];
        count++;
#pragma unroll
        for (int i = 0; i < SIZE; i++) {
            if (i >= size) break;
            beta[i] += basis[i] * y;
#pragma unroll
            for (int j = 0; j <= i; j++) matrix[i][j] += basis[i] * basis[j];
        }
    }
    return solve_spd(matrix, beta, size) ? count : 0;
}

__device__ inline double predict(const Fit &fit, const double *beta, int size, int t) {
    double total = 0.0;
#pragma unroll
    for (int i = 0; i < SIZE; i++) {
        if (i >= size) break;
        total += fit.basis[t * fit.coefficients + i] * beta[i];
    }
    return total;
}

// Coefficients fitted, 0 with too short a history.
__device__ inline int fit_history(Pixel pixel, const Fit &fit, int history, double *beta, double *scatter) {
    int count = screen_by_median(pixel, history, fit.floor), size = fit.coefficients;
    if (count < fit.minimum) return 0;
    while (size > 1 && count < fit.per_coefficient * size) size -= 2;
    double sigma = fit.floor;
    for (int round = 0; round < SCREEN_ROUNDS; round++) {
        count = fit_kept(pixel, history, fit, size, beta);
        if (count == 0) return 0;
        double total = 0.0;
        for (int t = 0; t < history; t++) {
            if (!pixel.keep[t]) continue;
            double residual = (double)pixel.y[t] - predict(fit, beta, size, t);
            total += residual * residual;
        }
        sigma = larger(sqrt(total / (double)larger(count - size, 1)), fit.floor);
        int dropped = 0;
        for (int t = 0; t < history; t++)
            dropped += pixel.keep[t] && (double)pixel.y[t] - predict(fit, beta, size, t) < -SCREEN_SIGMA * sigma;
        if (dropped == 0 || count - dropped < fit.minimum) break;
        for (int t = 0; t < history; t++)
            if (pixel.keep[t] && (double)pixel.y[t] - predict(fit, beta, size, t) < -SCREEN_SIGMA * sigma) pixel.keep[t] = 0;
    }
    *scatter = sigma;
    return size;
}

extern "C" __global__ void monitor(
    const short *series, const int *days, const double *basis, const unsigned char *refit, int times, int coefficients,
    int history, int per_coefficient, int minimum, double sigmas, double floor, int consecutive, Index pixels,
    unsigned char *keep, int *out_day, unsigned char *out_confidence, unsigned short *out_clear
) {
    Index thread = this_pixel();
    if (thread >= pixels) return;
    Pixel pixel = {column(series, 0, pixels, thread), column(keep, 0, pixels, thread)};
    Fit fit = {basis, coefficients, per_coefficient, minimum, floor};
    double beta[SIZE], trial[SIZE], sigma = 0.0, renewed = 0.0;
    int clear = 0;
    for (int t = 0; t < times; t++) clear += pixel.y[t] != NODATA;
    out_clear[thread] = (unsigned short)clear;
    out_confidence[thread] = 0;
    int size = fit_history(pixel, fit, history, beta, &sigma);
    if (size == 0) {
        out_day[thread] = UNMONITORED;
        return;
    }
    // Anomalies are counted from each possible first one on, so that no limit need be kept until the break is known.
    int run = 0, first = -1, seen = 0, anomalous = 0;
    bool broken = false;
    for (int t = 0; t < times; t++) {
        if (refit[t] && t > history && run == 0 && !broken) {
            int again = fit_history(pixel, fit, t, trial, &renewed);
            if (again > 0) {
                size = again, sigma = renewed;
#pragma unroll
                for (int i = 0; i < SIZE; i++) beta[i] = trial[i];
            }
        }
        if (t < history || pixel.y[t] == NODATA) continue;
        bool odd = (double)pixel.y[t] < predict(fit, beta, size, t) - sigmas * sigma;
        if (!broken) {
            if (odd && run == 0) first = t, seen = 0, anomalous = 0;
            run = odd ? run + 1 : 0;
            broken = run == consecutive;
        }
        if (first >= 0 && seen < CONFIRMATION) seen++, anomalous += odd;
    }
    out_day[thread] = broken ? days[first] : NO_BREAK;
    if (broken) out_confidence[thread] = (unsigned char)(100 * anomalous / seen);
}
