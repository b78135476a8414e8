"""The page "Compare": A beside B, on one scale, and the difference between them."""
