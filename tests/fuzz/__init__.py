"""Hostile input, made up by Hypothesis: only the errors that a visitor may meet come of it, whatever it is.

A thousand cases in the suite, the same each time; `make fuzz` tries many more, other ones each time.
"""
