"""What can be wrong with a file that should be a recording."""


class UnusableRecording(ValueError):
    """A file that is not there, not whole, or no recording; its text is a sentence, ready to be shown as it is."""


class NoRecording(Exception):
    """What a file holds in place of a recording: half a sentence, to which the file's name is added."""
