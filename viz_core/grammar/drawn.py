"""Many sentences at once, of those to train on or of those that are kept out of it."""

import numpy as np

from viz_core.grammar.sentence_pair import Pair
from viz_core.grammar.sentence_pair import held_out as is_held_out
from viz_core.grammar.sentences import pair


def pairs(seed: int, count: int, *, held_out: bool) -> list[Pair]:
    """`count` distinct pairs of combinations that are, or are not, held out of training."""
    rng = np.random.default_rng([seed, int(held_out)])
    found: dict[str, Pair] = {}
    while len(found) < count:
        drawn = pair(rng)
        if is_held_out(drawn) == held_out:
            found[drawn.source] = drawn
    return list(found.values())
