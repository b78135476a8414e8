"""How many sentences each of the three gets right, by their length: from the models' cards, and measured here."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from viz_core.analysis.bottleneck import PLACES, Lost, Share, apart, on_card
from viz_core.figures import palette
from viz_core.figures.intervals import Counts, Point, intervals
from viz_core.language import _
from viz_core.ui import long_work, settings, show, state, store
from viz_core.ui.mechanism.translation import marks, probe
from viz_core.ui.mechanism.translation.probe import MODELS, SENTENCES, Probe
from viz_core.ui.mechanism.translation.scene import TRANSFORMER, WITH_ATTENTION, WITHOUT, Sentence
from viz_core.ui.workshop import Progress

INKS = {TRANSFORMER: palette.VALUE, WITH_ATTENTION: palette.KEY, WITHOUT: palette.QUERY}
MOST_SEED, SHOWN_WRONG = 999, 4


def against_length(sentence: Sentence) -> None:
    st.markdown("#### " + _("Accuracy against length"))
    cards = {name: on_card(store.translator(name).card["figures"]) for name in MODELS}
    left, right = st.columns(2, gap="large")
    with left:
        total = sum(share.n for share in cards[WITHOUT])
        title, key = _("As on their cards"), "lengths-card"
        _curves(sentence, cards, key, title, _("{n:,} sentences of the grammar never trained on").format(n=total))
        st.markdown(difference(cards))
    with right:
        found = _measured()
        if found is not None:
            shares = {name: found.of[name].by_length for name in MODELS}
            subtitle = _("{n:,} other such sentences, drawn and translated now").format(n=len(found.pairs))
            _curves(sentence, shares, "lengths-here", _("Measured here"), subtitle)
            st.markdown(difference(shares))
            _others_button()
    st.caption(
        _(
            "Right: the whole Korean sentence, letter for letter. The sentences hold combinations of words that were "
            "kept out of training. Bars: 95 % intervals (Wilson), of each model by itself: all three translate the "
            "same sentences, which a finer comparison could use. Longer sentences also have more clauses: what is "
            "hard about them need not be their length alone."
        )
    )
    if found is not None:
        _lost(sentence, found)
        _wrong(found)


def kept() -> Probe | None:
    """What was measured already for the seed that is looked at."""
    seed = _seed()
    found: Probe | None = store.measured(probe.key(seed)) if seed else None
    return found


def _seed() -> int:
    """0 where nobody has asked."""
    said = state.setting("probe")
    fits = said.isascii() and said.isdigit() and len(said) < state.MOST_DIGITS
    return int(said) if fits and 1 <= int(said) <= MOST_SEED else 0


def _measured() -> Probe | None:
    seed = _seed()
    if not seed:
        st.button(
            _("Measure it here: {n} new sentences").format(n=SENTENCES),
            key="measure-lengths",
            icon=":material/timer:",
            type="primary",
            on_click=lambda: settings.keep("probe", "1"),
        )
        st.caption(
            _(
                "The grammar draws {n} sentences that none of the three was trained on; all three translate them, "
                "word by word, on this machine. It takes some seconds."
            ).format(n=SENTENCES)
        )
        return None
    found = kept()
    if found is not None:
        return found
    return long_work.do_next(
        probe.key(seed),
        kept,
        lambda report: store.measurement(probe.key(seed), lambda note: probe.measure(seed, note), report),
        says=_translating,
        cancel=lambda: settings.keep("probe", ""),
    )


def _others_button() -> None:
    seed = _seed()
    st.button(
        _("Draw {n} others").format(n=SENTENCES),
        key="measure-others",
        icon=":material/casino:",
        help=_("These were drawn with seed {seed}.").format(seed=seed),
        on_click=lambda: settings.keep("probe", str(seed % MOST_SEED + 1)),
    )


def _translating(progress: Progress) -> str:
    if not progress.total:
        return _("Drawing sentences …")
    return _("Translating: {done:,} of {total:,}").format(done=progress.done, total=progress.total)


def _curves(sentence: Sentence, shares: dict[str, list[Share]], key: str, title: str, subtitle: str) -> None:
    def told(share: Share) -> str:
        return _("{right} of {n}").format(right=share.right, n=share.n)

    _figure(
        sentence,
        key,
        {name: [(s.value, s.low, s.high, told(s)) for s in found] for name, found in shares.items()},
        [share.label for share in shares[WITHOUT]],
        counts=[share.n for share in shares[WITHOUT]],
        title=title,
        subtitle=subtitle,
        x_title=_("English words in the sentence; n sentences"),
        y_title=_("right, letter for letter"),
    )


def _figure(sentence: Sentence, key: str, points: dict[str, list[Point]], places: list[str], **rule: Any) -> None:
    """A line for each model, drawn once."""
    drawn = store.figure(
        (key, sentence.theme, repr(points)),
        lambda: intervals(
            [Counts(name, INKS[name], known) for name, known in points.items()], places, theme=sentence.theme, **rule
        ),
    )
    show.figure(drawn, key, f"{rule['title']}: {rule['subtitle']}")


def difference(shares: dict[str, list[Share]]) -> str:
    """Where the recurrent two differ by more than chance, in words."""
    pairs = list(zip(shares[WITHOUT], shares[WITH_ATTENTION], strict=True))
    longest, beside = pairs[-1]
    words = _(
        "Of {label} words **{plain}** gets **{low:.0%}** right ({right} of {n}), **{attending}** {high:.0%}; "
        "{transformer} {best:.0%}."
    )
    said = words.format(
        label=longest.label,
        plain=WITHOUT,
        low=longest.value,
        right=longest.right,
        n=longest.n,
        attending=WITH_ATTENTION,
        high=beside.value,
        transformer=TRANSFORMER,
        best=shares[TRANSFORMER][-1].value,
    )
    differ = [plain.label for plain, attending in pairs if apart(plain, attending)]
    alike = [plain.label for plain, _attending in pairs if plain.label not in differ]
    if not differ:
        return said + " " + _("At no length are the intervals of the two apart: so few sentences show no difference.")
    if not alike:
        return said + " " + _("At every length the intervals of the two are apart.")
    clear = _("The intervals of the two are apart at {lengths} words, not at {others}.")
    return said + " " + clear.format(lengths=", ".join(differ), others=", ".join(alike))


# -- which words are lost --------------------------------------------------------------------------------


def _lost(sentence: Sentence, found: Probe) -> None:
    """Where in the sentence the words stand that do not come out."""
    lost = {name: found.of[name].lost for name in MODELS}
    if not all(len(stretches) == PLACES for stretches in lost.values()):
        return
    st.markdown("#### " + _("Which words are lost"))
    left, right = st.columns([1.35, 1], gap="large", vertical_alignment="center")
    with left:
        _figure(
            sentence,
            "lost",
            {
                name: [(s.value, s.low, s.high, _words_counted(s)) for s in stretches]
                for name, stretches in lost.items()
            },
            [_("first fifth"), _("second"), _("third"), _("fourth"), _("last fifth")],
            counts=[stretch.n for stretch in lost[WITHOUT]],
            title=_("English words whose Korean one is missing"),
            subtitle=_("in sentences of {least} words and more, measured here").format(least=probe.LONG),
            x_title=_("where it stands in the English sentence; n words"),
            y_title=_("missing"),
            most=max(stretch.high for stretches in lost.values() for stretch in stretches) or 1.0,
        )
    with right:
        st.markdown(where_lost(lost[WITHOUT]))
        st.caption(
            _(
                "Missing: the word with its ending is not in what was written, in its place among the others. "
                "Intervals over sentences, for the words of one are lost together. Other kinds of words stand at "
                "other places, so this does not tell place from kind."
            )
        )


def _words_counted(lost: Lost) -> str:
    return _("{lost} of {n} words").format(lost=round(lost.value * lost.n), n=lost.n)


def where_lost(lost: Sequence[Lost]) -> str:
    """Which words gru-plain loses: only what the intervals bear out."""
    names = [_("the first fifth"), _("the second"), _("the third"), _("the fourth"), _("the last fifth")]
    least = min(range(PLACES), key=lambda place: lost[place].value)
    most = max(range(PLACES), key=lambda place: lost[place].value)
    if lost[least].high >= lost[most].low:
        return _(
            "**{plain}** loses words everywhere, {low:.0%} to {high:.0%} of them; where they stand makes no difference "
            "that these sentences could show."
        ).format(plain=WITHOUT, low=lost[least].value, high=lost[most].value)
    return _(
        "**{plain}** loses fewest words of {best} of the sentence ({low:.0%}) and most of {worst} ({high:.0%}); these "
        "two intervals are apart."
    ).format(plain=WITHOUT, best=names[least], low=lost[least].value, worst=names[most], high=lost[most].value)


def _wrong(found: Probe) -> None:
    right = found.of[WITHOUT].right
    wrong = [number for number, is_right in enumerate(right) if not is_right]
    if not wrong:
        st.markdown(_("**{plain}** got all of these sentences right.").format(plain=WITHOUT))
        return
    words = _("The first {shown} of the {count} sentences that {plain} got wrong")
    st.markdown("**" + words.format(shown=min(SHOWN_WRONG, len(wrong)), count=len(wrong), plain=WITHOUT) + "**")
    for number in wrong[:SHOWN_WRONG]:
        _one_wrong(found, number)


def _one_wrong(found: Probe, number: int) -> None:
    pair = found.pairs[number]
    lines = [show.literal(pair.source), "**" + _("right") + "** · " + show.literal(pair.target)]
    written = {name: found.of[name].written[number] for name in (WITHOUT, WITH_ATTENTION)}
    lines += [f"**{name}** · {marks.against(text, pair.target)}" for name, text in written.items()]
    text, button = st.columns([5, 1], vertical_alignment="center")
    text.markdown("  \n".join(lines))
    button.button(
        _("Look at it"),
        key=f"look-{number}",
        icon=":material/visibility:",
        on_click=lambda: settings.keep("english", pair.source),
    )
