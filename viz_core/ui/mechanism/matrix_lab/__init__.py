"""The matrix lab: the visitor's own Q, K, V, or X and W, through every stage."""
