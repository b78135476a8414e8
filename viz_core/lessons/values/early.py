"""Numbers in the words of lessons 1 to 6, each as the page beside them shows it."""

import math
from collections.abc import Callable, Sequence

import torch

from viz_core.analysis import masking, scaling, worked
from viz_core.lessons.answers import bottleneck, leaking, one_head, several_heads
from viz_core.lessons.answers.weights import laid_over, record_of
from viz_core.lessons.asked import Asked
from viz_core.lessons.values.weights import number
from viz_core.masks import causal

# -- 1: a sentence in one vector -------------------------------------------------------------------------------


def written(asked: Asked, model: str) -> str:
    """What a translator makes of the preset's sentence."""
    return str(asked.load(model).translate(asked.view["english"]))


def handed_over(asked: Asked, model: str, of: str) -> str:
    """What a recurrent translator keeps of the preset's sentence: "width" of a vector, "vectors", "numbers" in all."""
    vectors, width = asked.load(model).record(asked.view["english"]).annotations.shape
    return f"{({'width': width, 'vectors': vectors, 'numbers': vectors * width})[of]:,}"


def right(asked: Asked, model: str, words: str) -> str:
    """The share of unseen sentences of so many words that it gets right."""
    return f"{bottleneck.share_right(asked, model, words):.0%}"


def look(asked: Asked, model: str, writing: str, word: str) -> str:
    """The weight of an English word when it writes a token."""
    row, read = bottleneck.cross_row(asked, model, writing)
    return f"{float(row[read.index(word)]):.2f}"


def bleu(_asked: Asked, pair: str) -> str:
    """Looked up, not computed: see answers.BLEU_IN_THE_PAPER."""
    return f"{bottleneck.BLEU_IN_THE_PAPER[pair]}"


# -- 2 and 3: the matrix lab's example ---------------------------------------------------------------------------


def lab_score(asked: Asked, query: int, key: int) -> str:
    return number(float(one_head.experiment(asked).stages.scores[0, query, key]), 4)


def lab_scaled(asked: Asked, query: int, key: int) -> str:
    return number(float(one_head.experiment(asked).stages.scaled_scores[0, query, key]), 4)


def lab_exp(asked: Asked, query: int, key: int) -> str:
    return f"{math.exp(float(one_head.experiment(asked).stages.masked_scores[0, query, key])):.4f}"


def lab_exp_sum(asked: Asked, query: int) -> str:
    return f"{float(one_head.experiment(asked).stages.masked_scores[0, query].exp().sum()):.4f}"


def lab_weight(asked: Asked, query: int, key: int) -> str:
    return f"{float(one_head.experiment(asked).stages.weights[0, query, key]):.4f}"


def lab_context(asked: Asked, query: int, component: int) -> str:
    return f"{float(one_head.experiment(asked).stages.context[0, query, component]):.4f}"


def lab_row_sum(asked: Asked, query: int) -> str:
    """Of the weights, over the axis that the preset says."""
    return f"{float(one_head.experiment(asked).stages.weights[0, query].sum()):.2f}"


def likeness(asked: Asked, of: str, at: int) -> str:
    """The cosine of a vector of the preset's head with its row's context."""
    return f"{one_head.likeness(asked, of, at):.2f}".replace("-", "−")


# -- 4: why √d_k -----------------------------------------------------------------------------------------------


def variance(_asked: Asked, width: int, divided: bool = False) -> str:
    """Of q·k of random vectors, as measured."""
    products = scaling.dot_products(width)
    return number(float((products / math.sqrt(width) if divided else products).var()))


def spread(_asked: Asked, width: int) -> str:
    """Their standard deviation."""
    return number(float(scaling.dot_products(width).std()))


def dead(_asked: Asked, width: int, divided: bool) -> str:
    """The share of rows whose softmax passes next to nothing back."""
    return f"{scaling.passed_back(width, divided=divided).dead:.0%}"


def of_64(_asked: Asked, row: int, key: int, divisor: float = 1.0) -> str:
    """A weight of the worked example."""
    return f"{float(worked.of_64_components(1 / divisor).weights[0, row, key]):.4f}"


def score_of_64(_asked: Asked, row: int, key: int, divisor: float = 1.0) -> str:
    return f"{float(worked.of_64_components(1 / divisor).scaled_scores[0, row, key]):.4f}"


def mean_of_rows(asked: Asked, of: str, divide_by: float | None = None) -> str:
    """Of the preset's head, over the rows that may look at more than one token: "entropy", or "largest" weight."""
    record = record_of(asked, {} if divide_by is None else {"divide_by": divide_by, "only": "head"})
    rows = scaling.rows_of(record.weights[0], record.allowed)
    several = rows.most > 0
    return number(float(rows.entropy[several].mean())) if of == "entropy" else f"{rows.largest[several].mean():.0%}"


# -- 5: masks --------------------------------------------------------------------------------------------------


def next_probability(asked: Asked, mask: str) -> str:
    """Of the token that really comes next, on average over the text; mask: causal or none."""
    return f"{leaking.mean_probability(asked, mask):.1%}"


def row_after(asked: Asked, row: int, way: str) -> str:
    """What is left on the allowed cells of a row of the preset's head under one of the three ways."""
    allowed = causal(len(asked.recording.token_ids))
    ways = masking.three_ways(record_of(asked, {}), allowed)._asdict()
    return number(float(masking.on_allowed(ways[way], allowed)[row]), 2)


def hidden_guess(asked: Asked, padded: bool) -> str:
    """The likeliest word for the hidden one, and its probability, with the preset's padding masked or not."""
    logits = leaking.filled(asked, masked=padded)[asked.query]
    best = int(logits.argmax())
    word = asked.model.labels([best])[0].removeprefix("·")
    return f"“{word}” {float(torch.softmax(logits.double(), -1)[best]):.1%}"


# -- 6: many heads ---------------------------------------------------------------------------------------------


def counted(_asked: Asked, of: str) -> str:
    """A product of the sizes of the Transformer of 2017; see answers.COUNTS."""
    return f"{several_heads.COUNTS[of]:,}"


def put_together(asked: Asked, way: str) -> str:
    """How many numbers a token the heads' results of the preset's layer are: added, side_by_side, each_with_all."""
    return f"{several_heads.put_together(asked, way):,}"


def effect(asked: Asked, heads: Sequence[Sequence[int]]) -> str:
    """What switching these heads off together does to the prediction, in nats."""
    return number(several_heads.divergence(asked, heads))


def effects_added(asked: Asked, heads: Sequence[Sequence[int]]) -> str:
    """What each of them does alone, added up."""
    return number(sum(several_heads.divergence(asked, [head]) for head in heads))


def logit_effect(asked: Asked, heads: Sequence[Sequence[int]]) -> str:
    """What it does to the logit of the likeliest token."""
    return f"{several_heads.logit_change(asked, heads):.2f}".replace("-", "−")


def logit_effects_added(asked: Asked, heads: Sequence[Sequence[int]]) -> str:
    return f"{sum(several_heads.logit_change(asked, [head]) for head in heads):.2f}".replace("-", "−")


def likeliest(asked: Asked, heads: Sequence[Sequence[int]] = ()) -> str:
    """The likeliest next token and its probability, with these heads switched off."""
    there, edits = laid_over(asked, {"heads_off": list(heads)} if heads else {})
    logits = there.record(edits=edits).logits[-1]
    best = int(logits.argmax())
    word = asked.model.labels([best])[0].removeprefix("·")
    return f"“{word}” {float(torch.softmax(logits.double(), -1)[best]):.1%}"


VALUES: dict[str, Callable[..., str]] = {
    function.__name__: function
    for function in (
        written,
        handed_over,
        right,
        look,
        bleu,
        lab_score,
        lab_scaled,
        lab_exp,
        lab_exp_sum,
        lab_weight,
        lab_context,
        lab_row_sum,
        likeness,
        variance,
        spread,
        dead,
        of_64,
        score_of_64,
        mean_of_rows,
        next_probability,
        row_after,
        hidden_guess,
        counted,
        put_together,
        effect,
        effects_added,
        logit_effect,
        logit_effects_added,
        likeliest,
    )
}
