"""The two errors a visitor may meet; every other error is a fault of the program.

Their text is one clear sentence or two in the visitor's language, ready to be shown as it is.
"""


class UnusableText(ValueError):
    """The input cannot be given to the model: empty, blank, too long, or not of its vocabulary.

    n_tokens    how many tokens the input has (at least, where counting all would take long), or None
    limit       how many the model takes, where that is the trouble, or None
    characters  how many are taken, where that is the trouble, or None
    """

    def __init__(
        self, message: str, *, n_tokens: int | None = None, limit: int | None = None, characters: int | None = None
    ) -> None:
        super().__init__(message)
        self.n_tokens, self.limit, self.characters = n_tokens, limit, characters


class WeightsUnavailable(Exception):
    """The model cannot be had, or not faithfully: offline, gated, not found, damaged, of another kind."""
