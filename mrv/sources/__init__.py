"""Sources: search once, fetch the plan's window of each band into a content-addressed store."""
