"""The error of the command line's own."""


class Refused(Exception):
    """What was asked for cannot be done; its text is a sentence that says why, and what would."""
