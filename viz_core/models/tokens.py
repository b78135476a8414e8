"""Text ↔ token ids, and a readable label for every token, over any fast tokenizer."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import chain

import tokenizers

from viz_core.language import _
from viz_core.models import readable
from viz_core.models.errors import UnusableText

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_KEEPS_EVERYTHING = {"Sequence", "ByteLevel", "Split", "Digits", "Punctuation"}  # pre-tokenizers that drop nothing
_LOOK_AHEAD = 16  # characters a cut may gain when the last word, once cut, merges into fewer tokens


class Tokenizer:
    """Wraps a `tokenizers.Tokenizer`; its truncation and padding are switched off: the whole text, nothing more.

    most  characters of a text; a longer one is refused before it is looked at. None: any number
    """

    def __init__(self, backend: tokenizers.Tokenizer, most: int | None = None) -> None:
        backend.no_truncation()
        backend.no_padding()
        self.backend, self.most = backend, most
        self._added = backend.get_added_tokens_decoder()
        declared = [_declared(part) for part in (backend.normalizer, backend.pre_tokenizer, backend.decoder)]
        self._byte_level = any('"ByteLevel"' in part for part in declared)
        self._space_sign = "▁" if any("▁" in part for part in declared) else None
        self._byte_fallback = '"ByteFallback"' in declared[2]
        pieces = re.search(r'"type":"WordPiece","prefix":"([^"]+)"', declared[2])
        self._goes_on = pieces[1] if pieces else None  # what a piece begins with that goes on with a word: BERT's ##

    def taking(self, most: int) -> "Tokenizer":
        """The same, for texts of so many characters."""
        return Tokenizer(self.backend, most)

    # -- text → ids ------------------------------------------------------------------------------------

    def check(self, text: str) -> None:
        """Raises UnusableText for a text of too many characters."""
        if self.most is not None and len(text) > self.most:
            message = _("The text has {n} characters; this server takes at most {limit}. Shorten it.")
            said = message.format(n=f"{len(text):,}", limit=f"{self.most:,}")
            raise UnusableText(said, characters=self.most)

    def token_ids(self, text: str) -> list[int]:
        """Raises UnusableText for text that is no text, half of a surrogate pair, and for too long a one."""
        return self._read(text)[0]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Where in `text` each token stands: first character, and one past the last."""
        return self._read(text)[1]

    def _read(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        self.check(text)
        _whole(text)
        encoding = self._encode(text)
        ids, offsets = encoding.ids, encoding.offsets
        # a conversation's template writes the sign that begins a text; the tokenizer would put another before it
        twice = len(ids) > 1 and ids[0] == ids[1] and bool(encoding.special_tokens_mask[0])
        return (ids[1:], offsets[1:]) if twice else (ids, offsets)

    def _encode(self, text: str) -> tokenizers.Encoding:
        with _unusable():
            return self.backend.encode(text)

    def fewest_tokens(self, text: str) -> int:
        """A number of tokens that `text` surely reaches, found without tokenizing it; 0 when nothing is sure.

        No token of a byte-level tokenizer covers more bytes than the longest of its vocabulary has. Raises UnusableText
        as `token_ids` does.
        """
        self.check(text)
        if self._longest is None:
            return 0
        if self.backend.normalizer is not None:
            with _unusable():
                text = self.backend.normalizer.normalize_str(text)
        return -(-len(_whole(text)) // self._longest)

    def cut(self, text: str, limit: int) -> str:
        """The longest prefix of `text` that has at most `limit` tokens and is not too long, cut between characters.

        Raises UnusableText for half of a surrogate pair.
        """
        text = self._not_too_long(text)
        _whole(text)
        start = text if self._longest is None else text[: limit * self._longest + 1]  # more can never fit
        encoding = self._encode(start)
        if len(encoding.ids) <= limit:
            return start
        end = max((stop for _start, stop in encoding.offsets[:limit]), default=0)
        lengths = range(min(end + _LOOK_AHEAD, len(start)), 0, -1)
        whole = (n for n in lengths if n == len(text) or not readable.splits_character(text, n))
        # a character with more marks than the limit is cut all the same: nothing would be left of it
        fitting = (n for n in chain(whole, lengths) if len(self._encode(text[:n]).ids) <= limit)
        return text[: next(fitting, 0)]

    def _not_too_long(self, text: str) -> str:
        if self.most is None or len(text) <= self.most:
            return text
        end = self.most
        while end and readable.splits_character(text, end):
            end -= 1
        return text[: end or self.most]  # as in `cut`: else nothing would be left

    @cached_property
    def _longest(self) -> int | None:
        """Bytes of the longest token, or None where a token may stand for text of any length."""
        split = _declared(self.backend.pre_tokenizer)
        kinds = set(re.findall(r'"type":"(\w+)"', split))
        swallows = any(token.lstrip or token.rstrip for token in self._added.values())
        if not self._byte_level or swallows or '"Removed"' in split or not kinds <= _KEEPS_EVERYTHING:
            return None
        return max((len(self._bytes(index)) for index in self.backend.get_vocab().values()), default=1)

    # -- ids → text ------------------------------------------------------------------------------------

    def labels(self, ids: Sequence[int]) -> tuple[str, ...]:
        """One readable label a token, exact and never "�"; see `readable`. An id that is no token shows as #id."""
        return readable.labels([self._shown(index) for index in ids])

    def text(self, ids: Sequence[int]) -> str:
        """The text that `ids` spell, special tokens included; bytes that spell nothing are written out as ⟨E1⟩."""
        spelled = b"".join(self._bytes(index) for index in ids)
        return re.sub("[\udc80-\udcff]", lambda byte: f"⟨{ord(byte[0]) - 0xDC00:02X}⟩", _decoded(spelled))

    def is_whole(self, ids: Sequence[int]) -> bool:
        """Whether `ids` spell whole characters, none begun or left unfinished."""
        try:
            b"".join(self._bytes(index) for index in ids).decode("utf-8")
        except UnicodeDecodeError:
            return False
        return True

    def _bytes(self, index: int) -> bytes:
        """The UTF-8 bytes that token `index` stands for."""
        if index in self._added:
            return self._added[index].content.encode()
        piece = self.backend.id_to_token(index)
        if piece is None:
            return f"#{index}".encode()
        if self._byte_level and all(character in BYTE_OF for character in piece):
            return bytes(BYTE_OF[character] for character in piece)
        if self._byte_fallback and (byte := _BYTE.fullmatch(piece)):
            return bytes.fromhex(byte[1])
        if self._goes_on:
            return (piece.removeprefix(self._goes_on) if piece.startswith(self._goes_on) else f" {piece}").encode()
        return (piece.replace(self._space_sign, " ") if self._space_sign else piece).encode()

    def _shown(self, index: int) -> bytes:
        """Likewise, as it is labelled: a piece that goes on with a word keeps the sign that says so."""
        piece = self.backend.id_to_token(index) or ""
        return piece.encode() if self._goes_on and piece.startswith(self._goes_on) else self._bytes(index)


@contextmanager
def _unusable() -> Iterator[None]:
    """Turns what tokenizers raises into UnusableText: bare Exception, e.g. where [UNK] is not in the vocabulary, or
    Rust's panic, which is no Exception, e.g. where a checkpoint's regular expression goes astray in a text."""
    try:
        yield
    except BaseException as error:
        if not (isinstance(error, Exception) or panicked(error)):
            raise
        message = _("This model's tokenizer cannot read this text ({reason}).")
        raise UnusableText(message.format(reason=str(error).split("\n")[0])) from error


def panicked(error: BaseException) -> bool:
    """Whether it is Rust's panic, whose class can be imported from nowhere."""
    return type(error).__name__ == "PanicException"


def _byte_alphabet() -> dict[str, int]:
    """GPT-2's: printable bytes stand for themselves, the others for the characters from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + rank): byte for rank, byte in enumerate(others)}


BYTE_OF = _byte_alphabet()


def _declared(part: object) -> str:
    """A tokenizer's part as the JSON it would be saved as; "" when there is none."""
    return "" if part is None else part.__getstate__().decode()  # type: ignore[attr-defined]


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", errors="surrogateescape")


def _whole(text: str) -> bytes:
    """UTF-8. Raises UnusableText for a lone surrogate, which no encoding and no tokenizer can take."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UnusableText(
            _("Character {position} is only half a character (U+{code}); delete it and type it again.").format(
                position=error.start + 1, code=f"{ord(text[error.start]):04X}"
            )
        ) from None
