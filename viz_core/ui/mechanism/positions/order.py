"""Positions: the same words in another order. Does attention see it, with positions and without?"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from viz_core import masks
from viz_core.analysis import places
from viz_core.analysis.predictions import Change, change_of
from viz_core.edits import Cells, Edits
from viz_core.edits import Positions as Placing
from viz_core.figures import paired_bars
from viz_core.language import _
from viz_core.models import Model, UnusableText
from viz_core.ui import controls, maps, settings, show, store, whatif
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

ONE, ANOTHER = "The dog bit the man", "The man bit the dog"
SAME = 1e-6  # a difference of weights below this is rounding of float64
ROUNDING = 1e-4  # and of float32
FEW = 10  # tokens whose maps fit three in a row
LARGEST_DOUBLED = 50_000_000  # parameters of a model that is copied in float64
KINDS: tuple[Placing, ...] = ("kept", "zeroed", "shuffled")
SEES = ("all", "before")  # every token; itself and what came before


@dataclass(frozen=True)
class Orders:
    """Two texts of the same tokens; `places` says where each token of the first stands in the second."""

    texts: tuple[str, str]
    ids: tuple[list[int], list[int]]
    places: list[int]

    @property
    def n(self) -> int:
        return len(self.places)


def order(scene: Scene) -> list[str]:
    orders = _orders(scene, _texts(scene))
    if orders is None:
        return []
    placing, sees = _asked(scene)
    edits = _edits(scene, orders.n, placing, sees)
    st.caption(_what_places_are(scene))
    _verdict(scene, orders, placing, sees)
    few = orders.n <= FEW
    row = st.columns(3 if few else 2, gap="medium")
    _maps(scene, orders, edits, row)
    left, right = st.columns([1, 1.15], gap="large") if few else (row[1], st.columns(2)[0])
    with left:
        if orders.texts[0] != orders.texts[1]:
            _all_ways(scene, orders)
    with right:
        _prediction(scene, orders, edits)
    return []


# -- what is asked -------------------------------------------------------------------------------------------


def _texts(scene: Scene) -> tuple[str, str]:
    def mine() -> None:
        settings.keep("one", scene.text)
        settings.keep("another", turned_round(scene.text))

    left, right, button = st.columns([1, 1, 0.6], vertical_alignment="bottom")
    with left:
        one = settings.text("one", _("One order"), default=ONE)
    with right:
        another = settings.text("another", _("The same words in another order"), default=ANOTHER)
    button.button(
        _("Take my sentence"),
        on_click=mine,
        help=_("The sentence at the top, and the same with all words after the first in reverse order"),
        icon=":material/swap_vert:",
    )
    return one, another


def turned_round(text: str) -> str:
    """The words after the first in reverse order: a first word has no blank before it, and so is another token."""
    first, *rest = text.split()
    return " ".join([first, *reversed(rest)])


def _orders(scene: Scene, texts: tuple[str, str]) -> Orders | None:
    """None, and said why, where the two cannot be compared."""
    try:
        ids = [scene.model.token_ids(text) for text in texts]
        for text in texts:
            store.recording(scene.model, text)  # says in words what of it cannot be read
    except UnusableText as error:
        st.error(show.literal(str(error)), icon=":material/error:")
        return None
    found = places.places_in(ids[0], ids[1])
    if found is None:
        st.warning(_not_the_same(scene.model, ids[0], ids[1]), icon=":material/rule:")
        return None
    return Orders(texts, (ids[0], ids[1]), found)


def _not_the_same(model: Model, first: list[int], second: list[int]) -> str:
    def only(one: list[int], other: list[int]) -> str:
        alone = list((Counter(one) - Counter(other)).elements())
        return ", ".join(f"“{show.literal(label)}”" for label in model.labels(alone)) or _("nothing")

    return _(
        "These are not the same tokens in another order. Only the first has {first}; only the second has {second}. A "
        "dot is the blank before a word: at the start of a text a word has none and is another token, and so is a word "
        "with a capital letter."
    ).format(first=only(first, second), second=only(second, first))


def _asked(scene: Scene) -> tuple[Placing, str]:
    own = "all" if scene.model.both_sides else "before"
    as_it_is = " " + _("(as it is)")
    kinds = _kinds()
    sees = {"all": _("every token"), "before": _("itself and what came before")}
    with st.container(horizontal=True, gap="medium"):
        placing = settings.one_of("places", _("Positions"), kinds, default="zeroed")
        seen = settings.one_of(
            "sees", _("A token sees"), {name: words + as_it_is * (name == own) for name, words in sees.items()}
        )
        controls.head_and_cell(scene.choice, scene.recording, ("layer", "head"))
    return next(kind for kind in KINDS if kind == placing), seen


def _what_places_are(scene: Scene) -> str:
    """What is zeroed or shuffled in this model."""
    return {
        "learned": _("Zeroed: the position vectors are 0. Shuffled: tokens get the vectors of other positions."),
        "sinusoidal": _("Zeroed: the position vectors are 0. Shuffled: tokens get the vectors of other positions."),
        "rotary": _("Zeroed: no query and key is turned. Shuffled: they are turned by the angles of other positions."),
        "alibi": _("Zeroed: scores lose nothing with the distance. Shuffled: they lose what other distances cost."),
        "none": _("This model is told no positions, so all three are the same to it."),
    }[scene.config.positions]


def _kinds() -> dict[str, str]:
    return {"kept": _("kept"), "zeroed": _("zeroed"), "shuffled": _("shuffled")}


def _edits(scene: Scene, n: int, placing: Placing, sees: str) -> Edits:
    if sees == ("all" if scene.model.both_sides else "before"):
        return Edits(positions=placing)
    allowed = masks.full(n, n) if sees == "all" else masks.causal(n)
    return Edits(positions=placing, allowed=Cells.of(allowed))


# -- what comes of it ----------------------------------------------------------------------------------------


def _difference(scene: Scene, orders: Orders, placing: Placing, sees: str) -> float:
    """max |Δ| of the weights over all layers and heads."""

    asked = [(kind, other) for kind in KINDS for other in SEES] if _is_doubled(scene) else [(placing, sees)]

    def measure(note: Callable[..., None]) -> dict[tuple[Placing, str], float]:
        transformer = scene.model.transformer
        exact = places.in_double(transformer) if _is_doubled(scene) else transformer
        found = {}
        for done, way in enumerate(asked):
            note(done, len(asked))
            found[way] = float(places.order_difference(exact, *orders.ids, _edits(scene, orders.n, *way)).max())
        return found

    key = ("orders", scene.model.name, scene.model.revision, orders.texts, *asked)
    return store.measurement(key, measure, heavy=scene.is_heavy(2 * len(asked)))[placing, sees]


def _is_doubled(scene: Scene) -> bool:
    return sum(weight.numel() for weight in scene.model.transformer.parameters()) <= LARGEST_DOUBLED


def _is_same(scene: Scene, difference: float) -> bool:
    return difference <= (SAME if _is_doubled(scene) else ROUNDING)


def _verdict(scene: Scene, orders: Orders, placing: Placing, sees: str) -> None:
    difference = _difference(scene, orders, placing, sees)
    heads = scene.config.n_layer * scene.config.n_head
    measured = _("max |Δ| {size} over all {heads} heads").format(size=_size(difference), heads=heads)
    if orders.texts[0] == orders.texts[1]:
        st.info(_("Both are the same text: there is no other order to compare."), icon=":material/info:")
    elif _is_same(scene, difference):
        words = _("**The same up to permutation** ({measured}): word for word, every head gives the same weights.")
        st.success(words.format(measured=measured) + " " + _why_same(scene, placing), icon=":material/done_all:")
    else:
        words = _("**Not the same** ({measured}).")
        st.warning(
            words.format(measured=measured) + " " + _why_not(scene, orders, placing, sees), icon=":material/difference:"
        )


def _size(difference: float) -> str:
    return number(difference) if difference >= 0.001 else show.power(difference)


def _why_same(scene: Scene, placing: Placing) -> str:
    if scene.config.positions == "none" and placing != "zeroed":
        return _("This model is told no positions, and every token sees every token: to it a text is a bag of words.")
    return _(
        "Nothing says where a token stands and every token sees every token: to this model a text is a bag of words."
    )


def _why_not(scene: Scene, orders: Orders, placing: Placing, sees: str) -> str:
    silent = placing == "zeroed" or scene.config.positions == "none"
    if silent and sees == "before":
        return _why_the_mask_tells(scene, orders)
    moved = _moved(orders)
    if placing == "shuffled":
        told = Edits(positions="shuffled").order(orders.n).tolist()
        return _(
            "Positions are shuffled, not gone: {token} is told position {one} in the first and {other} in the second. "
            "They are wrong, and still tell the two apart."
        ).format(token=_label(scene, orders, moved), one=told[moved], other=told[orders.places[moved]])
    return _("Positions tell the two apart: {token} stands at {one} in the first and at {other} in the second.").format(
        token=_label(scene, orders, moved), one=moved, other=orders.places[moved]
    )


def _why_the_mask_tells(scene: Scene, orders: Orders) -> str:
    moved = _moved(orders)
    return _(
        "No positions are told, but the **causal mask** itself tells what came before: {token} sees {one} tokens in "
        "the first and {other} in the second. “Without positions a Transformer cannot know order” is true only where "
        "every token sees every token."
    ).format(token=_label(scene, orders, moved), one=moved + 1, other=orders.places[moved] + 1)


def _moved(orders: Orders) -> int:
    """The last token of the first text that stands elsewhere in the second."""
    return next((at for at in reversed(range(orders.n)) if orders.places[at] != at), orders.n - 1)


def _label(scene: Scene, orders: Orders, row: int) -> str:
    return quoted(scene.model.labels(orders.ids[0])[row])


# -- both maps -----------------------------------------------------------------------------------------------


def _maps(scene: Scene, orders: Orders, edits: Edits, row: Sequence[DeltaGenerator]) -> None:
    """First and second order, and their difference: in a row of three, or under the first in a row of two."""
    at, size = scene.choice, (orders.n, orders.n)
    runs = [store.recording(scene.model, text, edits=edits) for text in orders.texts]
    records = [run.blocks[at.layer].attention.head(at.head) for run in runs]
    weights = [store.stages(scene.model, text, at.layer, at.head, edits).weights[0] for text in orders.texts]
    allowed = [record.allowed.expand(1, *size)[0] for record in records]
    second, second_allowed = (places.reordered(each[1], orders.places) for each in (weights, allowed))
    difference = weights[0] - second
    first = replace(scene, text=orders.texts[0], recording=runs[0], window=None)
    of = (orders.texts, edits)
    shares: dict[str, Any] = {"weights": True, "unit": _("weight"), "of": of}
    with row[0]:
        words = _("first order"), _("row looks at column")
        maps.cells(first, "order-first", weights[0], *words, allowed=allowed[0].numpy(), **shares)
    with row[1]:
        words = _("second, re-ordered"), _("rows and columns in the order of the first")
        maps.cells(first, "order-second", second, *words, allowed=second_allowed.numpy(), **shares)
    with row[0 if len(row) == 2 else 2]:
        words = _("first − second"), _("largest: {size}").format(size=_size(float(difference.abs().max())))
        seen = (allowed[0] | second_allowed).numpy()
        unit = _("Δ weight")
        maps.cells(first, "order-difference", difference, *words, allowed=seen, limit=1.0, unit=unit, of=of)
    exact = (
        " " + _("The measure above is computed in float64, where rounding is some 1e-16.") if _is_doubled(scene) else ""
    )
    st.caption(
        _(
            "Drawn is {head}, in float32 like all maps. A word that comes twice is matched in the order it comes; "
            "where nothing tells positions apart, any match is as good."
        ).format(head=at.name)
        + exact
    )


# -- all six, and the prediction -----------------------------------------------------------------------------


def _all_ways(scene: Scene, orders: Orders) -> None:
    st.markdown("**" + _("All six, measured: max |Δ| of any weight of any head") + "**")
    if not _is_doubled(scene):
        words = _("That takes twelve runs in float64, and is done for models of up to {most:,} parameters.")
        st.markdown(words.format(most=LARGEST_DOUBLED))
        return
    rows = [[_difference(scene, orders, placing, sees) for sees in SEES] for placing in KINDS]
    names = [_("positions"), _("every token sees every token"), _("causal mask")]
    lines = [[_kinds()[placing], *map(_size, row)] for placing, row in zip(KINDS, rows, strict=True)]
    st.table(pd.DataFrame(lines, columns=names), hide_index=True)  # its headings wrap
    same = sum(_is_same(scene, difference) for row in rows for difference in row)
    said = _("Of the six, **{count}** cannot tell the two orders apart.").format(count=same)
    if scene.config.positions == "none":
        said += " " + _("This model has no positions to zero or shuffle: its three rows are one.")
    st.markdown(said)


def _prediction(scene: Scene, orders: Orders, edits: Edits) -> None:
    """What is predicted at one token, in either order."""
    labels = scene.model.labels(orders.ids[0])
    row = settings.whole_number("told", _("Token of the first"), 0, orders.n - 1, default=_moved(orders))
    other = orders.places[row]

    def found() -> Change:
        first, second = (store.recording(scene.model, text, edits=edits, all_logits=True) for text in orders.texts)
        return change_of(first.logits[row], second.logits[other], whatif.MOST)

    key = ("order change", scene.model.name, scene.model.revision, orders.texts, edits, row)
    change = store.measurement(key, lambda _note: found(), heavy=scene.is_heavy(2))
    token = quoted(labels[row])
    heading = (
        _("What {model} guesses at {token}") if scene.model.both_sides else _("What {model} would say after {token}")
    )
    st.markdown("**" + heading.format(model=show.literal(scene.model.name), token=token) + "**")
    bars = paired_bars(
        [scene.model.labels([index])[0] for index in change.token_ids],
        change.before,
        change.after,
        names=(_("first order"), _("second order")),
        theme=scene.theme,
    )
    show.figure(bars, "order-prediction", _("The likeliest tokens in either order"))
    st.markdown(
        _(
            "{token} stands at {row} in the first and at {other} in the second. Between the two predictions: KL "
            "divergence {size} nats."
        ).format(token=token, row=row, other=other, size=_size(change.divergence))
    )
