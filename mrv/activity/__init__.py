"""Activity data: strata of the change map, the sample drawn from them, and design-based estimates of area."""
