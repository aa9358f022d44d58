// What every twin starts from.  Compiled without contraction, quick division or flushed denormals, and written with the
// operations, types and order of the CPU kernel, so that a pixel's bits are the CPU's.

typedef long long Index;

// One pixel's values in an array whose pixels lie side by side, as its threads do.
template <class T> struct Column {
    T *first;
    Index pixels;
    __device__ T &operator[](Index row) const { return first[row * pixels]; }
};

template <class T> __device__ inline Column<T> column(T *array, Index row, Index pixels, Index pixel) {
    return {array + row * pixels + pixel, pixels};
}

__device__ inline Index this_pixel() { return (Index)blockIdx.x * blockDim.x + threadIdx.x; }

// Python's max and min: the first unless the second is beyond it.
template <class T> __device__ inline T larger(T a, T b) { return b > a ? b : a; }
template <class T> __device__ inline T smaller(T a, T b) { return b < a ? b : a; }

// Python's division: a divisor of zero is refused, here by a mark that the caller reads.
template <class T> __device__ inline T ratio(T a, T b, int *fault) {
    if (b == 0) *fault = 1;
    return a / b;
}
