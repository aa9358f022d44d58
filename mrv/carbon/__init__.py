"""Carbon stocks: factors from published tables, densities by pool."""
