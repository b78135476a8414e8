"""Positions: vectors that are added to the tokens, learned or sinusoidal, and how alike two positions are."""

from typing import cast

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from torch import Tensor

from viz_core import positions
from viz_core.analysis import places
from viz_core.figures import Curve, curves, limits_of, palette
from viz_core.figures.grids import grid
from viz_core.language import _
from viz_core.models import Model
from viz_core.ui import maps, settings, show, store
from viz_core.ui.mechanism.positions import borrowed
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

MOST = 256  # positions compared


def added(loaded: Scene) -> list[str]:
    maps.explain(
        r"x_{pos} = E_{token} + P_{pos}",
        _(
            "A vector for the position is added to the token's own, and the sum is all that the first block is given. "
            "**Learned** positions are a table with a row for each position, trained like any other weight; "
            "**sinusoidal** ones are waves that nobody trained."
        ),
    )
    adds = loaded.recording.positions is not None
    scene = loaded if adds else borrowed.scene_with(loaded, "learned")
    if scene is None:
        return []
    if adds:
        st.markdown(borrowed.how_positions_enter(scene) + ".")
    linked = _sum(scene, cast(Tensor, scene.recording.positions))
    st.markdown("#### " + _("How alike two positions are"))
    model = scene.model if scene.config.positions == "learned" else store.companion(borrowed.KINDS["learned"])
    _alike(scene, model, cast(Tensor, model.transformer.added_positions(min(model.context, MOST))).detach())
    return linked if adds else []


def _sum(scene: Scene, added: Tensor) -> list[str]:
    """Token vectors, position vectors, and their sum, on the visitor's sentence."""
    recording = scene.recording
    whole = recording.blocks[0].residual_in
    panels = [
        ("tokens", recording.embeddings, _("token vectors"), _("one row a token, the same wherever it stands")),
        ("places", added, _("position vectors"), _("one row a position, the same for every text")),
        ("sum", whole, _("their sum"), _("what the first block is given")),
    ]
    limit = limits_of(*(tensor.numpy() for _key, tensor, *_words in panels), share=maps.CLIPPED)
    for column, panel in zip(st.columns(3, gap="small"), panels, strict=True):
        with column:
            maps.vectors(scene, *panel, limit=limit)
    st.markdown(_lengths(scene, recording.embeddings, added))
    st.caption(
        _("One colour scale; colours end at the values that 99 % stay below, stronger cells have the last colour.")
    )
    return [key for key, *_rest in panels]


def _lengths(scene: Scene, tokens: Tensor, added: Tensor) -> str:
    """How long the two vectors are, and of a token that comes twice, what keeps its two rows apart."""
    said = _("On this text a token vector has a length of {token} on average, a position vector {position}.").format(
        token=number(float(tokens.norm(dim=-1).mean())), position=number(float(added.norm(dim=-1).mean()))
    )
    ids = scene.recording.token_ids.tolist()
    twice = next(((ids.index(token), at) for at, token in enumerate(ids) if ids.index(token) < at), None)
    if twice is None:
        return said
    first, second = twice
    apart = float((added[first] - added[second]).norm())
    return (
        said
        + " "
        + _(
            "{token} stands at {first} and at {second}: its token vector is the same both times, and the sums differ "
            "by the two positions alone, a vector of length {apart}."
        ).format(token=quoted(scene.tokens[first]), first=first, second=second, apart=number(apart))
    )


# -- how alike two positions are -----------------------------------------------------------------------------


def _alike(scene: Scene, model: Model, learned: Tensor) -> None:
    n, d = len(learned), learned.shape[1] // 2 * 2
    options = {"cosine": _("cosine of the angle"), "dot": _("dot product")}
    cosine = settings.one_of("alike", _("Measured as"), options) == "cosine"
    tables = {
        _("sinusoidal, d = {d}").format(d=d): positions.sinusoidal(n, d),
        _("learned, {model}").format(model=model.name): learned,
    }
    key = ("alike", model.name, model.revision, n, cosine)
    found = store.finding(key, lambda: [places.similarity(table, cosine=cosine) for table in tables.values()])
    distances = store.finding((*key, "distances"), lambda: [places.by_distance(each) for each in found])
    _maps(scene, dict(zip(tables, found, strict=True)), key, options["cosine" if cosine else "dot"], clipped=not cosine)
    x = np.arange(n)
    drawn = curves(
        [
            Curve(name, x, (of.mean / of.mean[0]).numpy(), ink=ink)
            for name, of, ink in zip(tables, distances, (palette.QUERY, palette.KEY), strict=True)
        ],
        title=_("Against the distance between them"),
        subtitle=_("mean over all pairs that far apart, as a share of that at distance 0"),
        x_title=_("distance, positions"),
        y_title=_("share"),
        theme=scene.theme,
    )
    left, right = st.columns([1.3, 1], gap="medium", vertical_alignment="center")
    with left:
        show.figure(drawn, "alike", _("How alike two positions are, against their distance"))
    with right:
        st.markdown(_alike_in_words(scene, model, distances, cosine=cosine))


def _maps(scene: Scene, found: dict[str, Tensor], key: tuple[object, ...], unit: str, *, clipped: bool) -> None:
    """`clipped`: colours end at the values that most stay below."""
    columns = st.columns(2, gap="medium")
    for index, (name, values) in enumerate(found.items()):

        def drawn(name: str = name, values: Tensor = values) -> go.Figure:
            return grid(
                values.numpy(),
                title=name,
                subtitle=_("{unit}, of row's and column's position").format(unit=unit),
                x_title=_("position"),
                y_title=_("position"),
                theme=scene.theme,
                says=_("positions %{y} and %{x}") + "<br><b>%{z:.4~g}</b>",
                limit=limits_of(values.numpy(), share=maps.CLIPPED) if clipped else 1.0,
                square=True,
                height=440,
            )

        with columns[index]:
            kept = store.figure((*key, "map", index, scene.theme), drawn)
            show.figure(kept, f"alike-{index}", f"{name}. {unit}")


def _alike_in_words(scene: Scene, model: Model, distances: list[places.Distances], *, cosine: bool) -> str:
    waves, learned = distances
    scale = 1.0 if cosine else float(waves.mean[0])
    even = float((waves.most - waves.least).max()) / scale
    said = [
        _(
            "Of **sinusoidal** vectors it depends on the distance alone: pairs equally far apart differ by {even} at "
            "most, which is rounding. It is {near} of its largest value one position away and {far} ten away."
        ).format(
            even=show.power(even),
            near=f"{float(waves.mean[1]) / float(waves.mean[0]):.0%}" if len(waves.mean) > 1 else "–",
            far=f"{float(waves.mean[10]) / float(waves.mean[0]):.0%}" if len(waves.mean) > 10 else "–",
        )
    ]
    at = min(10, len(learned.mean) - 1)
    said.append(
        _(
            "Of the **learned** ones of {model} it depends on the place too: {at} positions apart it goes from {least} "
            "to {most}."
        ).format(
            model=show.literal(model.name),
            at=at,
            least=number(float(learned.least[at])),
            most=number(float(learned.most[at])),
        )
    )
    if scene.model is not model:
        words = _("{own} has none that were learned, so those of {other} stand here.")
        said.append(words.format(own=show.literal(scene.model.name), other=show.literal(model.name)))
    trained = borrowed.trained_length(model)
    if trained:
        said.append(
            _(
                "In training {model} never saw more than {trained} tokens: its vectors from position {trained} on are "
                "still much as they began, random, and resemble nothing."
            ).format(model=show.literal(model.name), trained=trained)
        )
    return "\n\n".join(said)
