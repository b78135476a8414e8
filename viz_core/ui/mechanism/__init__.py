"""The mechanism pages, a module each: every what-if runs the real model again, on the visitor's own sentence."""
