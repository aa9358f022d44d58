"""Uncertainty: IPCC Approach 1 in exact fractions, Approach 2 by a pinned Monte Carlo."""
