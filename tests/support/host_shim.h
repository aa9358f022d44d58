// Enough of CUDA to compile a twin's source, unchanged, for the processor, and to run its threads one after another.
#include <cmath>
#include <tuple>
#include <typeinfo>
#include <utility>

#define __global__
#define __device__

struct Dimension { unsigned x; };
static Dimension blockIdx, blockDim, threadIdx;

template <class... A, std::size_t... I>
void call(void (*kernel)(A...), void **arguments, std::index_sequence<I...>) {
    kernel(*static_cast<A *>(arguments[I])...);
}

template <class... A> void launch_on_host(void (*kernel)(A...), void **arguments, unsigned blocks, unsigned threads) {
    blockDim.x = threads;
    for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++)
        for (threadIdx.x = 0; threadIdx.x < threads; threadIdx.x++)
            call(kernel, arguments, std::index_sequence_for<A...>{});
}

// The type of an argument, as the compiler names it; null past the last.
template <class... A> const char *type_on_host(void (*)(A...), unsigned index) {
    static const char *const names[] = {typeid(A).name()..., nullptr};
    return index < sizeof...(A) ? names[index] : nullptr;
}
