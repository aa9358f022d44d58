// monitor_stable_block of mrv/kernels/mosum.py, one thread a pixel.

extern "C" __global__ void monitor_stable_block(
    const short *index, const int *days, const double *basis, const double *factor, int times, int history, int minimum,
    double share, double roc, Index pixels, double *doubles, int *out_day, short *out_magnitude, short *out_index,
    short *out_start, int *fault
) {
    Index p = this_pixel();
    if (p >= pixels) return;
    Season pixel = {column(index, 0, pixels, p), basis, times, history, minimum, share, roc, factor};
    int magnitude, start, date = monitor_series(pixel, column(doubles, 0, pixels, p), &magnitude, &start, fault);
    out_index[p] = (short)date, out_magnitude[p] = (short)magnitude, out_start[p] = (short)start;
    out_day[p] = date >= 0 ? days[date] : date == NO_BREAK_INDEX ? NO_BREAK : UNMONITORED;
}
