"""heads: what every head does on a text, or on each line of a file; one recording in memory at a time."""

import csv
import math
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from io import TextIOWrapper
from typing import BinaryIO

import pyarrow as pa
from pyarrow import parquet
from tqdm import tqdm

from viz_core.analysis.scores import MEASURES, head_scores
from viz_core.command import inputs
from viz_core.command.arguments import STANDARD
from viz_core.command.errors import Refused
from viz_core.language import _
from viz_core.models import Model, UnusableText

WHOLE = ("line", "tokens", "layer", "head", "texts")  # columns of whole numbers
MOST_TOLD = 10  # lines by number
Row = dict[str, float]  # by column; NaN where the text cannot tell


def run(options: Namespace) -> None:
    inputs.check_out(options, ".csv", ".parquet")
    model = inputs.model(options)
    if not isinstance(model, Model):
        message = _("{name} is an encoder–decoder; heads are scored of models that read one text only.")
        raise Refused(message.format(name=model.name))
    asleep = () if model.both_sides else ("next",)  # a decoder cannot look ahead
    measures = [name for name in MEASURES if name not in asleep]
    if options.sort in asleep:
        message = _("{name} looks back alone, so its heads have no score for {column}.")
        raise Refused(message.format(name=model.name, column=options.sort))
    scored = _scored(options, model)
    if options.per_line:
        columns = ["line", "tokens", "layer", "head", *measures]
        tables: Iterable[list[Row]] = (_ordered(rows, options) for rows in scored)
    else:
        columns = ["layer", "head", "texts", *measures]
        tables = iter([_ordered(_means(scored, measures), options)])
    if options.sort:
        tables = _told_unordered(tables, options.sort)
    if options.out is None:
        _print(tables, columns)
    elif options.out == STANDARD:
        _write_csv(sys.stdout.buffer, tables, columns)
    else:
        with inputs.output(options) as file:
            write = _write_csv if options.out.suffix.lower() == ".csv" else _write_parquet
            write(file, tables, columns)


def _scored(options: Namespace, model: Model) -> Iterator[list[Row]]:
    """A row for each head, of one text after the other.

    Raises Refused, naming the line, where the model cannot read one, and where there was no line to read.
    """
    left_out, count = 0, 0
    with tqdm(desc=_("lines"), unit="", disable=not inputs.talks(options), delay=inputs.DELAY) as bar:
        for number, text in inputs.lines(options):
            try:
                recording = model.record(inputs.as_read(options, model, text))
            except UnusableText as error:
                if not options.skip_unusable:
                    where = _("Line {number}: ").format(number=number) if options.text is None else ""
                    more = _(" Or pass --skip-unusable.") if options.text is None else ""
                    raise Refused(f"{where}{error}{more}") from error
                left_out += 1
                continue
            count += 1
            scores = head_scores(recording, both_sides=model.both_sides)
            tokens = len(recording.token_ids)
            del recording
            heads = list(zip(*scores.values(), strict=True))
            yield [{"line": number, "tokens": tokens} | dict(zip(scores, numbers, strict=True)) for numbers in heads]
            bar.update()
    if left_out:
        tqdm.write(_("Lines left out: {count}").format(count=left_out), file=sys.stderr)
    if not count:
        raise Refused(_("There is no line to score: every one is blank or left out."))


def _means(texts: Iterable[list[Row]], measures: Sequence[str]) -> list[Row]:
    """Of each head, over the texts where a measure is not NaN; `texts` counts them all."""
    totals: list[Row] = []
    counts: list[dict[str, int]] = []
    n = 0
    for rows in texts:
        n += 1
        if not totals:
            totals = [dict.fromkeys(measures, 0.0) | {"layer": row["layer"], "head": row["head"]} for row in rows]
            counts = [dict.fromkeys(measures, 0) for _row in rows]
        for total, count, row in zip(totals, counts, rows, strict=True):
            for name in measures:
                if not math.isnan(row[name]):
                    total[name] += row[name]
                    count[name] += 1
    return [
        total | {"texts": n} | {name: total[name] / count[name] if count[name] else math.nan for name in measures}
        for total, count in zip(totals, counts, strict=True)
    ]


def _ordered(rows: list[Row], options: Namespace) -> list[Row]:
    if options.sort:
        rows = sorted(rows, key=lambda row: math.inf if math.isnan(row[options.sort]) else -row[options.sort])
    return rows[: options.top]


def _told_unordered(tables: Iterable[list[Row]], column: str) -> Iterator[list[Row]]:
    """The same tables; afterwards says where `column` had no number to order by."""
    unordered = []
    for rows in tables:
        if all(math.isnan(row[column]) for row in rows):
            unordered.append(int(rows[0].get("line", 0)))
        yield rows
    if unordered:
        lines = ", ".join(map(str, unordered[:MOST_TOLD])) + (" …" if len(unordered) > MOST_TOLD else "")
        where = _(" (line {lines})").format(lines=lines) if unordered[0] else ""
        message = _("--sort {column} orders nothing: no row has that pattern{where}.")
        tqdm.write(message.format(column=column, where=where), file=sys.stderr)


def _print(tables: Iterable[list[Row]], columns: Sequence[str]) -> None:
    """For people: aligned, rounded, nothing where the text cannot tell."""
    width = {name: len(name) if name in WHOLE else max(len(name), 6) for name in columns}
    print("  ".join(f"{name:>{width[name]}}" for name in columns))  # noqa: T201  what was asked for
    for rows in tables:
        for row in rows:
            cells = (f"{_shown(name, row[name]):>{width[name]}}" for name in columns)
            print("  ".join(cells).rstrip())  # noqa: T201


def _shown(name: str, number: float) -> str:
    if math.isnan(number):
        return "·"
    return str(int(number)) if name in WHOLE else f"{number:.3f}"


def _write_csv(file: BinaryIO, tables: Iterable[list[Row]], columns: Sequence[str]) -> None:
    text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for rows in tables:
        writer.writerows([_digits(name, row[name]) for name in columns] for row in rows)
    text.detach()


def _digits(name: str, number: float) -> str:
    """As many as tell one float32 from the next; none where there is no number."""
    if math.isnan(number):
        return ""
    return str(int(number)) if name in WHOLE else f"{number:.9g}"


def _write_parquet(file: BinaryIO, tables: Iterable[list[Row]], columns: Sequence[str]) -> None:
    """null where there is no number."""
    schema = pa.schema([(name, pa.int64() if name in WHOLE else pa.float64()) for name in columns])
    with parquet.ParquetWriter(file, schema) as writer:
        for rows in tables:
            found = {name: [None if math.isnan(row[name]) else row[name] for row in rows] for name in columns}
            writer.write_table(pa.table(found, schema=schema))
