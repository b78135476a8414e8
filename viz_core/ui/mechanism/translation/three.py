"""The three attentions of an encoder–decoder side by side: where each has its queries, keys and values from."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from viz_core.analysis.cell import Cell, cell_of
from viz_core.attention import AttentionRecord
from viz_core.figures import product_bars
from viz_core.figures.across import across_heatmap
from viz_core.figures.labels import shortened, unspaced
from viz_core.figures.two_sides import two_sides
from viz_core.language import _
from viz_core.ui import arithmetic, settings, show, state, store
from viz_core.ui.mechanism.translation import heads, linked
from viz_core.ui.mechanism.translation.heads import Head
from viz_core.ui.mechanism.translation.scene import TRANSFORMER, Sentence
from viz_core.ui.show import number, quoted

WRITES = "▸ "  # before a token that is written
SIDE, LABELS = 390, 170  # pixels: each of the maps is so high, and names have so much room along an edge


@dataclass(frozen=True, eq=False, kw_only=True)
class Kind:
    """One of the three, in the chosen layer and head. Its rows and columns are numbered after those of the page: the
    English tokens, then the Korean ones; `first` is the number of its first row and of its first column. `there` is how
    many rows and columns of it there are so far."""

    name: str  # also the key of its map
    title: str
    meaning: str
    comes_from: str
    record: AttentionRecord
    rows: Sequence[str]
    columns: Sequence[str]
    first: tuple[int, int]
    there: tuple[int, int]

    def row(self, number: int) -> str:
        """In a sentence of Markdown."""
        words = _("{token}, being written,") if self.rows[number].startswith(WRITES) else "{token}"
        return words.format(token=quoted(self.rows[number].removeprefix(WRITES)))

    def cell(self, query: int, key: int) -> tuple[int, int] | None:
        """A cell of the page as this map counts, or None where it is of another."""
        row, column = query - self.first[0], key - self.first[1]
        return (row, column) if 0 <= row < self.there[0] and 0 <= column < self.there[1] else None


def three_attentions(sentence: Sentence) -> list[str]:
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    with left:
        head = heads.asked(sentence, of=_("Head of all three (in 3, ★ finds the right word most often)"))
    with right:
        so_far = _so_far(sentence)
    kinds = _kinds(sentence, head, so_far)
    across = _across(sentence, head, so_far)
    query, key = _chosen(sentence, so_far) or across
    places = st.columns(3, gap="small")
    size = max(8, min(12, LABELS // max(len(kind.rows) for kind in kinds)))
    for place, kind in zip(places, kinds, strict=True):
        with place:
            st.markdown(kind.comes_from)
            _map(sentence, head, kind, size)
            _looks_most(kind, (query, key, *across))
    kind = next(kind for kind in kinds if kind.cell(query, key))
    cell = kind.cell(query, key)
    if cell is not None:
        _behind(sentence, head, kind, cell)
    left, right = st.columns([1.15, 1], gap="large", vertical_alignment="center")
    with left:
        _wiring(sentence)
    with right:
        st.markdown(_told(head, kinds))
    _bridge(sentence, kinds, query, key)
    return []


def _so_far(sentence: Sentence) -> int:
    """How many Korean tokens are written; the others' rows wait."""
    most = len(sentence.writes(TRANSFORMER))
    return settings.whole_number("so_far", _("Korean tokens written so far"), 1, most, default=most, width=240)


def _kinds(sentence: Sentence, head: Head, so_far: int) -> tuple[Kind, Kind, Kind]:
    recording, layer, index = sentence.transformer, head.layer, head.head or 0
    block, encoder = recording.blocks[layer], recording.encoder
    if encoder is None or block.cross_attention is None:
        raise TypeError("the recording has no encoder; expected that of an encoder–decoder")
    english, korean, writes = (read(TRANSFORMER) for read in (sentence.read, sentence.inputs, sentence.writes))
    steps = [f"{WRITES}{unspaced(token)}" for token in writes]
    n = len(english)
    return (
        Kind(
            name="of-encoder",
            title=_("1 · Encoder self-attention"),
            meaning=_("row looks at column: English at English"),
            comes_from=_(
                "**Q, K and V from the English**, as the encoder has it so far. Every token sees every token."
            ),
            record=encoder.blocks[layer].attention.head(index),
            rows=english,
            columns=english,
            first=(0, 0),
            there=(n, n),
        ),
        Kind(
            name="of-decoder",
            title=_("2 · Masked self-attention"),
            meaning=_("row looks at column; grey: may not"),
            comes_from=_("**Q, K and V from the Korean so far.** No token sees a later one: it is not written yet."),
            record=block.attention.head(index),
            rows=korean,
            columns=korean,
            first=(n, n),
            there=(so_far, so_far),
        ),
        Kind(
            name="across",
            title=_("3 · Cross-attention"),
            meaning=_("row (▸ being written) looks at column: English"),
            comes_from=_("**Q from the Korean so far, K and V from the English**, as the encoder left it at its end."),
            record=block.cross_attention.head(index),
            rows=steps,
            columns=english,
            first=(n, 0),
            there=(so_far, n),
        ),
    )


def _across(sentence: Sentence, head: Head, so_far: int) -> tuple[int, int]:
    """The page's chosen cell of cross-attention, as this part counts; where no row of those so far is chosen, of the
    token being written."""
    weights = head.weights(sentence)
    if so_far < len(weights) and linked.number("word", so_far) is None:
        row, column = so_far - 1, int(weights[so_far - 1].argmax())
    else:
        row, column = linked.cell(weights, sentence.writes(TRANSFORMER))
    return len(sentence.read(TRANSFORMER)) + row, column


def _chosen(sentence: Sentence, so_far: int) -> tuple[int, int] | None:
    """The cell of self-attention that the visitor clicked, or None."""
    english = len(sentence.read(TRANSFORMER))
    total = english + so_far
    query, key = linked.number("looks", total), linked.number("looked_at", total)
    if query is None or key is None or (query < english) != (key < english):
        return None
    return query, key


def _bridge(sentence: Sentence, kinds: Sequence[Kind], query: int, key: int) -> None:
    total = len(kinds[0].rows) + len(kinds[1].rows)

    def choose(query: int, key: int, **_head: int) -> None:
        across = kinds[2].cell(query, key)
        named = {"looks": "", "looked_at": ""} if across else {"looks": str(query), "looked_at": str(key)}
        if across:
            named |= {"word": str(across[0]), "source": str(across[1])}
        for name, value in named.items():
            state.put_setting(name, value)
        state.show()

    linked.mount(
        sentence,
        [kind.name for kind in kinds],
        {"layer": 0, "head": 0, "query": query, "key": key},
        {"layer": 1, "head": 1, "query": total, "key": total},
        choose,
    )


def _map(sentence: Sentence, head: Head, kind: Kind, size: int) -> None:
    """`size` of the names of tokens."""

    def drawn() -> go.Figure:
        return across_heatmap(
            kind.record.weights[0].numpy(),
            kind.columns,
            kind.rows,
            first=kind.first,
            there=kind.there,
            labels=size,
            title=kind.title,
            subtitle=kind.meaning,
            theme=sentence.theme,
            weights=True,
            allowed=kind.record.allowed.expand(1, len(kind.rows), len(kind.columns))[0].numpy(),
            unit=_("weight"),
            also={_("scaled score"): kind.record.scaled_scores[0].numpy()},
            height=SIDE,
        )

    of = ("translating", kind.name, kind.there, size, sentence.text, head.layer, head.head, sentence.theme)
    show.figure(store.figure(of, drawn), kind.name, f"{kind.title}, {head.name}. {kind.meaning}")


def _looks_most(kind: Kind, rows: Sequence[int]) -> None:
    """A sentence on the first of the page's `rows` that this map has."""
    row = next(row for row in rows if kind.cell(row, kind.first[1])) - kind.first[0]
    weights = kind.record.weights[0, row]
    best = int(weights.argmax())
    words = _("{row} looks most at {column} ({share}).")
    st.caption(
        words.format(row=kind.row(row), column=quoted(kind.columns[best]), share=show.share(float(weights[best])))
    )


def _wiring(sentence: Sentence) -> None:
    network = sentence.model(TRANSFORMER).network
    layers = len(sentence.transformer.blocks)
    title, subtitle = _("Where the three sit"), _("residual streams and norms are left out")
    drawn = store.figure(
        ("two sides", layers, sentence.theme, type(network).__name__),
        lambda: two_sides(
            (_("English"), _("Korean so far"), _("next Korean token")),
            (_("self-attention"), _("masked self-attention"), _("cross-attention")),
            _("feed-forward"),
            layers=layers,
            title=title,
            subtitle=subtitle,
            theme=sentence.theme,
        ),
    )
    says = _("Encoder at the left, decoder at the right; the encoder's output is key and value of cross-attention.")
    show.figure(drawn, "two-sides", f"{title}. {says}")


def _told(head: Head, kinds: Sequence[Kind]) -> str:
    masked = kinds[1].record.allowed
    grey, cells = int((~masked).sum()), masked.numel()
    n, m, d = len(kinds[0].rows), len(kinds[1].rows), kinds[0].record.query.shape[-1]
    return "\n".join(
        [
            _("All three compute $\\mathrm{{softmax}}(QK^\\top/\\sqrt{{{d}}})\\,V$; only what goes in differs.").format(
                d=d
            )
            + "\n",
            _("1. {n} English tokens, {n} × {n} cells, all of them allowed.").format(n=n),
            _(
                "2. {m} Korean tokens, {m} × {m} cells; the mask forbids {grey} of {cells}, those above the diagonal."
            ).format(m=m, grey=grey, cells=cells),
            _("3. {m} × {n} cells, no mask: the English is all there before the Korean begins.").format(m=m, n=n),
            "",
            _(
                "The encoder runs once a sentence, the decoder once for each token. The heads of the three have "
                "weights of their own: that the three maps above are all named {head} does not make them alike."
            ).format(head=head.name),
            "",
            _(
                "**A common mistake:** “the task of the 2017 paper was English–Danish.” It was English–German (28.4 "
                "BLEU) and English–French (41.8)."
            ),
        ]
    )


# -- one cell ------------------------------------------------------------------------------------------------------


def _behind(sentence: Sentence, head: Head, kind: Kind, at: tuple[int, int]) -> None:
    record, (row, column) = kind.record, at
    cell = cell_of(record, row, column)
    looks = _("{query} looks at {key}") if cell.allowed else _("{query} may not look at {key}")
    words = looks.format(query=kind.row(row), key=quoted(kind.columns[column]))
    st.markdown(f"#### {kind.title}, {head.name}: {words}")
    left, right = st.columns([1.25, 1], gap="medium")
    with right, st.container(key="cell-numbers"):
        st.latex(arithmetic.equations(cell, record, row, column))
        st.caption(_reason(kind, cell, row))
    with left:
        _products(sentence, kind, cell, at)
    of = (TRANSFORMER, sentence.text, kind.name, head.layer, head.head)
    show.badge(record, of)


def _reason(kind: Kind, cell: Cell, row: int) -> str:
    if not cell.allowed:
        return _("This column stands after the row, so the mask sets it to −∞ and its weight is exactly 0.")
    words = _(
        "The score, divided by √{d}, minus the row's largest (it cancels), as a power of e, divided by the sum over "
        "the {count} columns that this row may look at: the weight. Rounded for display; computed in float32."
    )
    allowed = kind.record.allowed.expand(1, len(kind.rows), len(kind.columns))[0, row]
    return words.format(d=kind.record.query.shape[-1], count=int(allowed.sum()))


def _products(sentence: Sentence, kind: Kind, cell: Cell, at: tuple[int, int]) -> None:
    query, key = shortened(kind.rows[at[0]].removeprefix(WRITES), 12), shortened(kind.columns[at[1]], 10)
    title = _("“{query}” · “{key}”: {d} products sum to the score").format(query=query, key=key, d=len(cell.products))
    drawn = product_bars(
        cell.query_vector.numpy(),
        cell.key_vector.numpy(),
        cell.score,
        title=title,
        subtitle=_("bars: component of q × component of k; line: the sum so far"),
        theme=sentence.theme,
    )
    show.figure(
        drawn, "products", _("The products that sum to the score; it is {score}").format(score=number(cell.score))
    )
