"""Numbers about recordings."""
