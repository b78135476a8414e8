"""What can be typed after `python -m viz_core`. Nothing large is imported here: help must come at once."""

import argparse
import math
from pathlib import Path

PROG = "python -m viz_core"
STANDARD = Path("-")  # stdin or stdout
VIEWS = ("head", "heads", "chain", "row")
COLUMNS = (
    "previous",
    "next",
    "induction",
    "duplicate",
    "first",
    "self",
    "local",
    "broad",
    "entropy",
    "distance",
    "largest",
)

CODES = "Exit codes: 0 done; 1 something to be mended, told in one sentence; 2 the command line is wrong."
RECORD = """Record what one forward pass leaves behind: q, k, v, masks, scales, residuals, logits and tokens.

The file opens with NumPy or safetensors alone, and with viz_core.load_recording."""
RECORD_EXAMPLES = f"""examples:
  {PROG} record --model tiny-gpt --text "The dog bit the man" --out dog.npz
  {PROG} record --model gpt2 --text-file story.txt --all-logits --out story.safetensors
  {PROG} record --model tiny-gpt --text "The dog bit the man" --ablate 1.4 2.0 --out without.npz
  {PROG} record --model tiny-translator --text "The dog barks." --out translated.npz
  {PROG} record --model Qwen/Qwen3-0.6B --chat --text "Who bit the man?" --out asked.npz
  cat story.txt | {PROG} record --model tiny-gpt --text-file - --out - --kind npz > story.npz

{CODES}"""
FIGURE = """Draw attention as PNG, SVG, or one HTML file that opens without a network.

PNG and SVG need Chromium or Chrome on this machine; HTML needs nothing."""
FIGURE_EXAMPLES = f"""examples:
  {PROG} figure --model tiny-gpt --text "The dog bit the man" --layer 1 --head 4 --out head.png
  {PROG} figure --model tiny-gpt --text "The dog bit the man" --view heads --out all.html
  {PROG} figure --recording dog.npz --view chain --layer 1 --head 4 --theme dark --out chain.svg
  {PROG} figure --model tiny-gpt --text "The dog bit the man" --scale 1 --out undivided.png

{CODES}"""
HEADS = """Score every head of a model on a text, or on each line of a file.

  previous, next, induction, duplicate, first, self, local
              mean weight on the cells of that pattern, 0 to 1, over the rows that have one; next only of models
              that see both sides
  broad       entropy as a share of the largest possible, 0 to 1
  entropy     of a row's weights, in nats
  distance    from a token to what it looks at, in tokens
  largest     the largest weight of a row, 0 to 1
The last four are means over the rows that may look at more than one token. Empty, or · in the table: no row of the text
has the pattern. All of them say where a head looked on this text, not what it does there. Sources: the first lines of
viz_core/analysis/heads.py and finder.py.

Of several lines the plain mean over the lines is told, each line counting the same and left out where it has no such
row; --per-line tells every line by itself."""
HEADS_EXAMPLES = f"""examples:
  {PROG} heads --model tiny-gpt --text "The dog bit the man. The dog bit the man." --sort induction --top 5
  {PROG} heads --model tiny-gpt --text-file lines.txt --out heads.csv
  {PROG} heads --model tiny-gpt --text-file lines.txt --per-line --out heads.parquet
  cat lines.txt | {PROG} heads --model tiny-bert --text-file - --out - | cut -d, -f1,2,4

{CODES}"""
ABOUT = """Tell what a model of the Hugging Face Hub would take, before it is downloaded: megabytes, memory, licence.

Only its config.json is fetched for that."""
ABOUT_EXAMPLES = f"""examples:
  {PROG} about gpt2
  {PROG} about google-t5/t5-small

{CODES}"""
MODELS = "List the models that come with the program and need no network."


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog=PROG, description="Look into attention: record it, draw it, score every head.", epilog=CODES
    )
    actions = whole.add_subparsers(dest="action", required=True, metavar="ACTION")
    _record(_action(actions, "record", RECORD, RECORD_EXAMPLES))
    _figure(_action(actions, "figure", FIGURE, FIGURE_EXAMPLES))
    _heads(_action(actions, "heads", HEADS, HEADS_EXAMPLES))
    _action(actions, "about", ABOUT, ABOUT_EXAMPLES).add_argument("model", help="Hub id")
    _action(actions, "models", MODELS, CODES)
    return whole


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, description: str, epilog: str
) -> argparse.ArgumentParser:
    action = actions.add_parser(
        name,
        help=description.split("\n", maxsplit=1)[0],
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    action.set_defaults(prog=f"{PROG} {name}")
    return action


def _record(parser: argparse.ArgumentParser) -> None:
    _model(parser)
    _text(parser, "read the text from a file (UTF-8), whole; - for stdin")
    parser.add_argument("--target", metavar="TEXT", help="what a translator writes (default: its own translation)")
    parser.add_argument("--all-logits", action="store_true", help="logits of every token, not of the last alone")
    _edits(parser)
    _out(parser, ".npz or .safetensors; - for stdout, with --kind")
    parser.add_argument("--kind", choices=["npz", "safetensors"], help="kind of file (default: by its name)")


def _figure(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--model", help="bundled name, folder or Hub id")
    source.add_argument("--recording", type=Path, metavar="FILE", help="draw what `record` wrote")
    _pickles(parser)
    _text(parser, "read the text from a file (UTF-8), whole; - for stdin", required=False)
    says = "one head's map; every head (of --layer) as tiles; a head's scores, scaled, masked, weights; one row as bars"
    parser.add_argument("--view", choices=VIEWS, default="head", help=says)
    parser.add_argument("--layer", type=int, metavar="L", help="from 0 (default 0)")
    parser.add_argument("--head", type=int, metavar="H", help="from 0 (default 0)")
    parser.add_argument(
        "--row", type=int, metavar="N", help="of view row: the token that looks, from 0 (default: last)"
    )
    parser.add_argument(
        "--which", choices=["self", "cross", "encoder"], default="self", help="attention of an encoder–decoder"
    )
    parser.add_argument("--theme", choices=["light", "dark"], default="light")
    parser.add_argument("--width", type=_pixels, metavar="PIXELS", help="of PNG and SVG (default: by the view)")
    parser.add_argument(
        "--resolution", type=_factor, default=2.0, metavar="TIMES", help="dots a pixel of PNG (default 2)"
    )
    _edits(parser)
    _out(parser, ".png, .svg or .html")


def _heads(parser: argparse.ArgumentParser) -> None:
    _model(parser)
    _text(parser, "score every line of a file (UTF-8) that is not blank; - for stdin")
    parser.add_argument("--per-line", action="store_true", help="a row for each head and line, not their mean")
    parser.add_argument("--skip-unusable", action="store_true", help="leave out lines that the model cannot read")
    parser.add_argument("--sort", choices=COLUMNS, metavar="COLUMN", help=f"largest first: {', '.join(COLUMNS)}")
    parser.add_argument("--top", type=_count, metavar="N", help="only the first N heads (of each line with --per-line)")
    _out(parser, ".csv or .parquet; - for CSV on stdout (default: a table on stdout)", required=False)


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, help="bundled name, folder or Hub id")
    _pickles(parser)


def _pickles(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pickles", action="store_true", help="open weights that exist only as pickle files, which can run code"
    )


def _text(parser: argparse.ArgumentParser, of_file: str, *, required: bool = True) -> None:
    text = parser.add_mutually_exclusive_group(required=required)
    text.add_argument("--text", help="the text itself")
    text.add_argument("--text-file", type=Path, metavar="FILE", help=of_file)
    says = "the text is what a user says: it is read in the model's chat template, with the opening of its answer"
    parser.add_argument("--chat", action="store_true", help=says)


def _edits(parser: argparse.ArgumentParser) -> None:
    edits = parser.add_argument_group("what if", "run the model with some of its causes replaced")
    edits.add_argument(
        "--scale", type=float, metavar="X", help="what scores are multiplied by; 1 = not divided by √d_k"
    )
    edits.add_argument("--temperature", type=float, default=1.0, metavar="T", help="scaled scores are divided by it")
    edits.add_argument("--dropout", type=float, default=0.0, metavar="P", help="share of the weights set to 0")
    edits.add_argument("--at", type=place, nargs="+", metavar="L.H", help="heads that these change (default: all)")
    edits.add_argument("--ablate", type=place, nargs="+", default=[], metavar="L.H", help="heads switched off")
    edits.add_argument("--instead", choices=["zero", "mean"], default="zero", help="what they put out then")
    edits.add_argument("--positions", choices=["kept", "zeroed", "shuffled"], default="kept")
    edits.add_argument("--seed", type=int, default=0, help="of dropout and shuffling (default 0)")


def _out(parser: argparse.ArgumentParser, kinds: str, *, required: bool = True) -> None:
    parser.add_argument("--out", type=Path, required=required, metavar="FILE", help=kinds)
    parser.add_argument("--overwrite", action="store_true", help="replace FILE where it is there already")
    parser.add_argument("--progress", action="store_true", help="tell progress even where stderr is no terminal")


def place(text: str) -> tuple[int, int]:
    """Layer and head from "1.4"."""
    layer, point, head = text.partition(".")
    if not (point and layer.isdecimal() and head.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no head; expected layer.head, both from 0, such as 1.4")
    return int(layer), int(head)


def _pixels(text: str) -> int:
    if not (text.isdecimal() and 100 <= int(text) <= 8000):
        raise argparse.ArgumentTypeError(f"{text!r} is no width; expected 100 to 8000 pixels")
    return int(text)


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if not 0.5 <= factor <= 8:
        raise argparse.ArgumentTypeError(f"{text!r} is no resolution; expected 0.5 to 8")
    return factor


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of heads; expected a whole number above 0")
    return int(text)
