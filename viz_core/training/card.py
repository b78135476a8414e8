"""The model card: what a bundled model is, what it learned from, what it is worth and how to make it again."""

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import ticker
from matplotlib.figure import Figure

from viz_core.config import TransformerConfig
from viz_core.training.corpora import HELD_OUT, Corpus
from viz_core.training.evaluation import Evaluation, Table
from viz_core.training.loop import Task, Trained
from viz_core.training.pairs import HELD_OUT as PAIRS_HELD_OUT
from viz_core.training.pairs import PairCorpus
from viz_core.training.recipe import Recipe
from viz_core.training.translation import Translation

LIMITS = {
    "decoder": "It is small and saw little: it continues text in the manner of its sources for a few words and knows "
    "no facts. The Korean it saw is film reviews and everyday chat. Use it to look at attention, not to write.",
    "encoder": "It is small and saw little: it guesses common words well and rare ones badly, and it cannot continue a "
    "text. The Korean it saw is film reviews and everyday chat.",
    "translator": "It knows the few hundred words of its grammar and little else: sentences outside it come out wrong, "
    "often fluently wrong. Use it to look at alignment, not to translate.",
}
SHOWN = {
    "previous": "previous token",
    "induction": "induction",
    "exact": "exact sentences",
    "accuracy": "hidden tokens",
}


def card(task: Task, trained: Trained, evaluation: Evaluation) -> str:
    """Markdown; it shows curve.svg, which `curve` writes beside it."""
    recipe = task.recipe
    parts = [
        f"# {recipe.name}\n\n{recipe.purpose}",
        _shape(recipe, trained),
        f"## Training\n\n{_training(recipe, trained)}\n\n{_data(task)}",
        "![loss and scores over the steps of training](curve.svg)",
        f"## Measured\n\n`python -m viz_core.training evaluate {recipe.name}`, on text never trained on:",
        evaluation.printed(),
        f"## What it cannot do\n\n{LIMITS[_kind(recipe)]}",
        "## Make it again\n\n"
        + "\n".join(
            f"    python -m viz_core.training {action}{recipe.name} --corpora FOLDER"
            for action in ("", "evaluate ", "export ")
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _kind(recipe: Recipe) -> str:
    if recipe.translates:
        return "translator"
    return "encoder" if recipe.mask else "decoder"


def _shape(recipe: Recipe, trained: Trained) -> str:
    shape = recipe.model
    parameters = sum(weight.numel() for weight in trained.model.parameters())
    if isinstance(shape, TransformerConfig):
        kinds = {"decoder": "decoder-only", "encoder": "encoder-only", "encoder_decoder": "encoder–decoder"}
        sides = " on each side" if shape.architecture == "encoder_decoder" else ""
        kind = f"{kinds[shape.architecture]} Transformer, {shape.norm_place}-norm, {shape.positions} positions"
        size = f"{shape.n_layer} layers × {shape.n_head} heads{sides}, d_model {shape.d_model}, d_head {shape.d_head}"
    else:
        attention = f"additive attention of width {shape.d_attention}" if shape.d_attention else "no attention"
        kind = f"GRU encoder–decoder, {attention}"
        size = f"state {shape.d_state}, embedding {shape.d_embedding}"
    shared = f", those of {recipe.tokenizer_of}" if recipe.tokenizer_of else ""
    hidden = f" and {recipe.mask}" if recipe.mask else ""
    rows = [
        ("kind", kind),
        ("size", f"{parameters:,} parameters: {size}"),
        ("vocabulary", f"{shape.vocab_size:,} byte-level BPE tokens{shared}{hidden}"),
        ("context", f"{shape.context} tokens"),
        ("weights", "float16, safetensors"),
        ("licence", "MIT"),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _training(recipe: Recipe, trained: Trained) -> str:
    settings = recipe.training
    drawn = trained.step * settings.batch
    amount = (
        f"{settings.batch} sentence pairs ({drawn:,} in all)"
        if recipe.translates
        else f"{settings.batch} sequences × {recipe.length} tokens ({drawn * recipe.length / 1e6:.1f} M tokens)"
    )
    finish = ""
    if settings.finish:
        finish = (
            f"\n\nThe last {settings.finish.steps:,} of these steps are a second stage (learning rate "
            f"{settings.finish.learning_rate}): {settings.finish.shuffled_pairs:.0%} of its sequences are pairs of "
            "random tokens in ever new order, made here, which only a head that looks at exactly the token before can "
            "use; the rest is as before."
        )
    hiding = f", {settings.masked:.0%} of the tokens to be guessed" if recipe.mask else ""
    return (
        f"{trained.step:,} steps of {amount}{hiding}; AdamW, learning rate {settings.learning_rate}, seed "
        f"{settings.seed}{', bfloat16 products' if settings.bfloat16 else ''}, on {trained.hardware}.{finish}"
    )


def _data(task: Task) -> str:
    recipe, settings = task.recipe, task.recipe.training
    corpora: list[Corpus] | list[PairCorpus] = getattr(task, "corpora")  # noqa: B009  every task has its own kind
    whole = sum(source.share for source in recipe.sources)
    plain = 1 - settings.random_repeats
    unit = "pairs" if recipe.translates else "tokens"
    rows = [
        (
            corpus.source.name,
            corpus.source.language,
            corpus.source.licence,
            f"{plain * corpus.source.share / whole:.0%}",
            f"{len(corpus.train):,}",
        )
        for corpus in corpora
    ]
    if settings.random_repeats:
        share = f"{settings.random_repeats:.0%}"
        rows.append(("random tokens, repeated with a period of 8 to 64", "none", "made here", share, "no end"))
    table = Table("Data", ("source", "language", "licence", "share", f"{unit} to draw from"), rows, _held_out(task))
    return table.markdown()


def _held_out(task: Task) -> str:
    settings = task.recipe.training
    if isinstance(task, Translation):
        return (
            "Never trained on: the grammar's sentences with one of the combinations of words that are held out (about "
            f"one sentence in twenty), and the pairs of one English sentence in {PAIRS_HELD_OUT} of the other source."
        )
    repeats = (
        f" {settings.text_repeats:.0%} of all sequences are a stretch of text from these sources, said again and again."
        if settings.text_repeats
        else ""
    )
    return f"The last {HELD_OUT:.0%} of every text was never trained on (the tokenizer may have seen it).{repeats}"


def curve(history: Path, picture: Path) -> None:
    """The course of training as an SVG: the loss above, what was measured at checkpoints below."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in history.read_text().splitlines()]
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "viz", "font.size": 9}):
        figure = Figure(figsize=(7, 4), layout="constrained", facecolor="white")
        above, below = figure.subplots(2, 1, sharex=True)
        above.plot([line["step"] for line in lines], [line["loss"] for line in lines], color="#0072B2")
        above.set_ylabel("training loss, nats")
        for colour, (name, label) in zip(("#D55E00", "#009E73", "#CC79A7", "#56B4E9"), SHOWN.items(), strict=True):
            points = [(line["step"], line[name]) for line in lines if name in line]
            if points:
                below.plot(*zip(*points, strict=True), color=colour, label=label)
        below.set_ylim(0, 1)
        below.set_ylabel("score")
        below.set_xlabel("step")
        below.legend(frameon=False)
        below.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
        for panel in (above, below):
            panel.spines[["top", "right"]].set_visible(False)
        figure.savefig(picture, metadata={"Date": None, "Creator": None})
