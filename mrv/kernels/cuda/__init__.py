"""CUDA twins of the kernels that a signed plan runs: the same operations in the same order, one thread a pixel."""
