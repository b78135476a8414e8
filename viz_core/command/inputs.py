"""What the actions share: the model, the text, the edits, where the result goes, and progress."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tqdm import tqdm

from viz_core import models
from viz_core.command.arguments import STANDARD
from viz_core.command.errors import Refused
from viz_core.edits import Edits
from viz_core.files import replacing
from viz_core.language import _
from viz_core.models import Model, SequenceToSequence, Translator
from viz_core.recording import Recording

if TYPE_CHECKING:
    from viz_core.models.hub import About

AnyModel = Model | Translator | SequenceToSequence
DELAY = 0.5  # seconds: what is done sooner needs no progress bar


def talks(options: Namespace) -> bool:
    """Whether somebody is there to be told of progress."""
    return bool(options.progress) or sys.stderr.isatty()


def say(options: Namespace, sentence: str) -> None:
    if talks(options):
        tqdm.write(sentence, file=sys.stderr)


def model(options: Namespace) -> AnyModel:
    """Raises WeightsUnavailable."""
    talking = talks(options)
    if talking and (coming := models.about(options.model)) is not None:
        say(options, in_words(options.model, coming))
    with tqdm(unit="B", unit_scale=True, unit_divisor=1024, disable=not talking, delay=DELAY, leave=False) as bar:

        def progress(done: int, whole: int, file: str) -> None:
            bar.total = whole
            bar.set_description(file, refresh=False)
            bar.update(done - bar.n)

        return models.load(options.model, progress=progress, pickles=options.pickles)


def in_words(name: str, coming: "About") -> str:
    """What a download would take."""
    message = _(
        "{name}: {megabytes} MB to download; licence: {licence}; takes {memory} GB of memory, {free} GB are free"
    )
    told = message.format(
        name=name,
        megabytes=f"{coming.size / 1e6:,.0f}",
        licence=coming.licence or _("not told"),
        memory=f"{coming.memory / 1e9:,.1f}",
        free=f"{coming.free / 1e9:,.1f}",
    )
    return told if coming.fits else told + _(": it does not fit")


def as_read(options: Namespace, model: AnyModel, text: str) -> str:
    """The text, or with --chat what a user says in a conversation. Raises Refused and UnusableText."""
    if not options.chat or not text.strip():
        return text
    if not isinstance(model, Model) or model.chat is None:
        message = _("{name} has no chat template: leave out --chat.")
        raise Refused(message.format(name=model.name))
    return model.conversation([{"role": "user", "content": text}])


def text(options: Namespace) -> str:
    """--text, or the whole of --text-file without the line break it ends in."""
    return str(options.text) if options.text is not None else _read(options.text_file).removesuffix("\n")


def lines(options: Namespace) -> Iterator[tuple[int, str]]:
    """(number from 1, line) of every line of --text-file that is not blank, read one at a time; --text is one."""
    if options.text is not None:
        yield 1, options.text
        return
    with _opened(options.text_file) as file:
        for number, line in enumerate(file, start=1):
            try:
                words = line.decode("utf-8").rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise _no_text(options.text_file, error, number) from None
            if words.strip():
                yield number, words


def _read(path: Path) -> str:
    with _opened(path) as file:
        try:
            return file.read().decode("utf-8").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            raise _no_text(path, error) from None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if path == STANDARD:
        yield sys.stdin.buffer
    else:
        with path.open("rb") as file:
            yield file


def _no_text(path: Path, error: UnicodeDecodeError, line: int | None = None) -> Refused:
    where = str(path) if line is None else f"{path}:{line}"
    message = _("{where} is no UTF-8 text: byte {place} is {byte}. Save it as UTF-8.")
    return Refused(message.format(where=where, place=error.start, byte=f"0x{error.object[error.start]:02X}"))


def edits(options: Namespace) -> Edits:
    """Raises Refused where a number is out of range."""
    try:
        return Edits(
            scale=options.scale,
            temperature=options.temperature,
            dropout=options.dropout,
            at=None if options.at is None else frozenset(options.at),
            ablated=frozenset(options.ablate),
            instead=options.instead,
            positions=options.positions,
            seed=options.seed,
        )
    except ValueError as error:
        raise Refused(f"{error}.") from error


def told(options: Namespace) -> dict[str, object]:
    """The edits that were asked for, for people and files: {} where nothing is changed."""
    plain = Edits()
    asked = edits(options)
    names = ("scale", "temperature", "dropout", "at", "ablated", "instead", "positions", "seed")
    changed = {name: getattr(asked, name) for name in names if getattr(asked, name) != getattr(plain, name)}
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in changed.items()}


def recording(
    options: Namespace, model: AnyModel, text: str, *, target: str | None = None, all_logits: bool = False
) -> Recording:
    """target is what an encoder–decoder writes, whose recordings have all logits anyhow.

    Raises Refused where the model or the edits are not for this, UnusableText where the text is not.
    """
    changes = edits(options)
    if isinstance(model, Model):
        _check_heads(options, model)
    if isinstance(model, Translator):
        return _translation(options, model, text, target)
    if isinstance(model, Model) and target is not None:
        raise Refused(_("{name} writes no text of its own, so it takes no --target.").format(name=model.name))
    with tqdm(desc=_("attention layers"), unit="", disable=not talks(options), delay=DELAY, leave=False) as bar:

        def progress(done: int, whole: int) -> None:
            bar.total = whole
            bar.update(done - bar.n)

        try:
            if isinstance(model, Model):
                return model.record(text, changes, all_logits=all_logits, progress=progress)
            return model.record(text, target, changes, progress=progress)
        except ValueError as error:  # of a text, or of edits for another shape
            raise Refused(str(error)) from error


def _check_heads(options: Namespace, model: Model) -> None:
    for option, heads in (("--ablate", options.ablate), ("--at", options.at or [])):
        for layer, head in heads:
            if layer >= model.n_layer:
                message = _("{option} {layer}.{head}: {name} has layers 0 to {last}.")
            elif head >= model.heads[layer]:
                message = _("{option} {layer}.{head}: layer {layer} of {name} has heads 0 to {last}.")
            else:
                continue
            last = (model.n_layer if layer >= model.n_layer else model.heads[layer]) - 1
            raise Refused(message.format(option=option, layer=layer, head=head, name=model.name, last=last))


def _translation(options: Namespace, model: Translator, text: str, target: str | None) -> Recording:
    if told(options):
        raise Refused(_("{name} is recorded as it is: leave out what changes the model.").format(name=model.name))
    found = model.record(text, target)
    if not isinstance(found, Recording):
        message = _("{name} is a recurrent network: it has no q, k, v to record. Choose a Transformer.")
        raise Refused(message.format(name=model.name))
    return found


def check_out(options: Namespace, *suffixes: str) -> None:
    """Before any work: whether the file is of a kind that can be written, and not there already. Raises Refused."""
    out: Path | None = options.out
    if out is None or out == STANDARD:
        return
    if out.suffix.lower() not in suffixes:
        message = _("--out is {out}; expected a name that ends in {kinds}.")
        raise Refused(message.format(out=out, kinds=_(" or ").join(suffixes)))
    if out.is_file() and not options.overwrite:
        raise Refused(_("{file} is there already; pass --overwrite to replace it.").format(file=out))
    if not out.parent.is_dir():
        raise Refused(_("There is no folder {folder} to write {file} to.").format(folder=out.parent, file=out.name))


@contextmanager
def output(options: Namespace) -> Iterator[BinaryIO]:
    """The file to write, in place only once it is whole; or stdout."""
    if options.out == STANDARD:
        if sys.stdout.isatty():
            raise Refused(_("This is no text: send it to a file or a pipe, not to the terminal."))
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    else:
        with replacing(options.out) as file:
            yield file
