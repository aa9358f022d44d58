"""CUDA twins of CPU kernels: the same operations in the same order, one thread a pixel, so that the integers are the same.

``device`` compiles and runs them; ``step_monitor`` is the twin of ``matched-step/1``, ``harmonic`` of ``harmonic-monitor/1``,
``mosum`` of ``bfast-monitor/1``; each takes what the CPU's takes.  Who changes a kernel changes its ``.cu`` too.
"""
