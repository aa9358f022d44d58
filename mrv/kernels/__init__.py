"""Kernels: functions of arrays alone, in explicit dtypes, with no reduction that a vectoriser may reorder."""
