"""What heads do on random tokens that are said again: the test for induction, on the model and not on the text."""

from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from torch import Tensor

from viz_core.analysis.finder import places
from viz_core.analysis.heads import NEED_REPEATS
from viz_core.analysis.probe import Probe, probe, sequences
from viz_core.figures import attention_heatmap, palette
from viz_core.figures.measured import Beside, measured
from viz_core.language import _
from viz_core.models import Model
from viz_core.ui import long_work, maps, settings, show, store
from viz_core.ui.questions.head_finder import heads
from viz_core.ui.roles import KNOWN, Roles, asleep, head_name, measured_on, names
from viz_core.ui.scene import Scene
from viz_core.ui.workshop import Progress

PROBED = ("induction", "previous", "duplicate")
TIMES = ("2", "3", "4")  # how often the tokens are said
LENGTH, LEAST_LENGTH, MOST_LENGTH = 32, 4, 128
DRAWS, MOST_DRAWS = 8, 32
MOST_SEED = 9_999
MOST_ROWS = 12  # heads in the figure
AT_ONCE = 2e10  # multiplications, some 0.3 s: more when the visitor asks
PER_BLOCK = 12  # d_model² weights of a block, about
SAME = 1e-6  # shares


class Drawn(NamedTuple):
    """`length` random tokens, said `times` times, `draws` times over."""

    length: int
    times: int
    draws: int
    seed: int


def on_random_tokens(scene: Scene) -> list[str]:
    st.markdown(
        _(
            "Random tokens, said again: nothing in them can be guessed but by finding the earlier copy. An "
            "**induction head** then looks at what followed it (Olsson et al. 2022). This measures the **model**; "
            "your text plays no part but in the diamonds."
        )
    )
    if scene.model.context < 2 * LEAST_LENGTH:
        words = _("This model takes at most {context} tokens: too few to say anything again.")
        st.info(words.format(context=scene.model.context))
        return []
    role, drawn = _settings(scene)
    found = _probed(scene, drawn)
    if found is None:
        st.caption(_("The model is run once for each draw; for this one that takes a while."))
        return []
    roles = heads.roles_of(scene)
    left, right = st.columns([1.1, 1], gap="large")
    with left:
        if found.mean(role).isnan().all():
            st.info(
                _(
                    "No head of this model may look far enough back for this: what the rows may see ends before the "
                    "pattern. Fewer random tokens bring the copies nearer."
                )
            )
            return []
        st.markdown("**" + _("Every head on random tokens: {what}").format(what=_what(scene, role)) + "**")
        values = found.mean(role).double().numpy()
        heads.chooser(
            scene, values, unit=_("share of its weight"), line=_("on random tokens {}"), most=1.0, key="probed"
        )
        _ranking(scene, found, roles, role)
    with right:
        _first_draw(scene, drawn)
        st.markdown(_said(scene, found, roles, role))
        _caveat(scene, found)
    return []


# -- what is asked for -------------------------------------------------------------------------------------------


def _settings(scene: Scene) -> tuple[str, Drawn]:
    """The role looked for, and what is drawn."""
    looks, context = names(scene.model.both_sides), scene.model.context
    role = settings.one_of("probed", _("Heads that look at"), {role: looks[role] for role in PROBED})
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container(width="content"):
            said = {times: _("{n} times").format(n=times) for times in TIMES if int(times) * LEAST_LENGTH <= context}
            times = int(settings.one_of("said", _("Said"), said))
        most = min(MOST_LENGTH, context // times)
        length = settings.whole_number("random_tokens", _("Random tokens"), LEAST_LENGTH, most, default=LENGTH)
        draws = settings.whole_number("draws", _("Draws"), 1, MOST_DRAWS, default=DRAWS)
        seed = settings.whole_number("random_seed", _("Seed"), 0, MOST_SEED, default=0)
    return role, Drawn(length, times, draws, seed)


def vocabulary(model: Model) -> NDArray[np.int64]:
    """The model's tokens without the special ones, such as the end of a text, and without numbers that are no token."""

    def found() -> NDArray[np.int64]:
        if model.tokenizer is None:
            return np.arange(model.vocab_size)
        backend = model.tokenizer.backend
        special = set(backend.get_added_tokens_decoder())
        tokens = sorted(set(backend.get_vocab().values()) - special)
        return np.array([token for token in tokens if token < model.vocab_size], np.int64)

    return store.finding(("vocabulary", model.name, model.revision), found)


def _texts(model: Model, drawn: Drawn) -> list[NDArray[np.int64]]:
    return sequences(vocabulary(model), length=drawn.length, times=drawn.times, draws=drawn.draws, seed=drawn.seed)


def _probed(scene: Scene, drawn: Drawn) -> Probe | None:
    """None, and a button, where that takes long and nobody asked."""
    model, tokens = scene.model, drawn.length * drawn.times * drawn.draws
    multiplications = PER_BLOCK * model.n_layer * scene.recording.embeddings.shape[-1] ** 2 * tokens
    return long_work.measured(
        ("random tokens again", model.name, model.revision, drawn),
        lambda note: probe(model.record, _texts(model, drawn), both_sides=model.both_sides, progress=note),
        says=_running,
        at_once=multiplications <= AT_ONCE,
        offer=_("Run the model on {tokens:,} random tokens").format(tokens=tokens),
    )


def _running(progress: Progress) -> str:
    if not progress.total:
        return _("Running the model on random tokens …")
    words = _("Running the model on random tokens: draw {done} of {total}")
    return words.format(done=progress.done + 1, total=progress.total)


# -- what is shown -----------------------------------------------------------------------------------------------


def _what(scene: Scene, role: str) -> str:
    return names(scene.model.both_sides)[role]


def _ranking(scene: Scene, found: Probe, roles: Roles, role: str) -> None:
    everyone, both_sides = places(scene.recording), scene.model.both_sides
    means, spreads = found.mean(role).double().numpy(), found.spread(role).double().numpy()
    order = np.argsort(-means, kind="stable")[: min(MOST_ROWS, np.count_nonzero(~np.isnan(means)))]
    own = heads.chosen(scene)
    if own not in order and not np.isnan(means[own]):
        order = np.append(order, own)
    shown = [everyone[head] for head in order]
    beside = []
    if not np.isnan(roles.here[role]).all():
        here = np.array([roles.here[role][place] for place in shown], np.float32)
        beside.append(Beside(_("on your text"), here, "diamond-open", palette.QUERY))
    if role in roles.stored:
        known = np.array([roles.stored[role][place] for place in shown], np.float32)
        beside.append(
            Beside(
                _("when it was made, {where}").format(where=measured_on(role, both_sides)),
                known,
                "line-ns-open",
                palette.TEXT,
            )
        )
    chart = measured(
        [head_name(*place) for place in shown],
        means[order].astype(np.float32),
        spreads[order].astype(np.float32),
        beside,
        name=_("random tokens: mean ± standard deviation"),
        line=_equal_weights(found.even[role], own, scene.choice.layer),
        chosen=int(np.flatnonzero(order == own)[0]) if own in order else None,
        title=_("The strongest heads"),
        subtitle=_("share of a row's weight; click a point to go there"),
        x_title=_("score: mean share of the weight"),
        theme=scene.theme,
    )
    show.figure(chart, "ranking", _("Scores on random tokens"), lambda point: heads.go_to(shown[point]))


def _equal_weights(even: Tensor, own: int, layer: int) -> tuple[str, float]:
    """What the upright line stands for, and where: layers of other masks have others."""
    known = even[~even.isnan()]
    if bool((known - known[0]).abs().max() < SAME):
        return _("a head that looks everywhere alike"), float(known[0])
    words = _("a head of layer {n} that looks everywhere alike")
    return words.format(n=layer), float(even[own])


def _first_draw(scene: Scene, drawn: Drawn) -> None:
    """The chosen head's map on the first random text."""
    model, choice = scene.model, scene.choice
    ids = _texts(model, drawn._replace(draws=1))[0]

    def weights() -> tuple[Tensor, NDArray[np.bool_]]:
        record = model.record(ids.tolist()).blocks[choice.layer].attention.head(choice.head)
        return record.weights[0], record.allowed.expand(record.weights.shape)[0].numpy()

    of = (model.name, model.revision, drawn._replace(draws=1), choice.layer, choice.head)
    shown, allowed = store.measurement(
        ("first draw", *of), lambda _note: weights(), heavy=store.is_heavy(model, len(ids))
    )
    tokens = model.labels(ids.tolist())
    rule: dict[str, Any] = {"weights": True, "allowed": None if allowed.all() else allowed, "unit": _("weight")}
    chart = store.figure(
        ("first draw", *of, scene.theme),
        lambda: attention_heatmap(
            shown.numpy(),
            tokens,
            title=_("{head} · weights on the first draw").format(head=choice.name),
            subtitle=_("row looks at column; the tokens begin again every {n} rows").format(n=drawn.length),
            theme=scene.theme,
            **rule,
        ),
    )
    says = _("The chosen head's weights on the first random text")
    show.figure(chart, "first-draw", says, cells=lambda: maps.every(shown, tokens, rule))


def _said(scene: Scene, found: Probe, roles: Roles, role: str) -> str:
    own, everyone = heads.chosen(scene), places(scene.recording)
    means, spreads = found.mean(role), found.spread(role)
    best = int(means.nan_to_num(-1.0).argmax())
    words = (
        _("**{head}** may not look far enough back for {what}: the mask of its layer ends before it.")
        if means[own].isnan()
        else _(
            "**{head}** gives {score} of its weight to {what}; a head that looks at all it may see alike would give "
            "{even:.0%}."
        )
    )
    said = [
        words.format(
            head=scene.choice.name,
            score=_score(float(means[own]), float(spreads[own])),
            what=_what(scene, role),
            even=float(found.even[role][own]),
        )
    ]
    if best != own:
        said.append(
            _("The most is given by **{best}**, {score}.").format(
                best=head_name(*everyone[best]), score=_score(float(means[best]), float(spreads[best]))
            )
        )
    here = float(roles.here[role][scene.choice.layer, scene.choice.head])
    said.append(
        _("On your text this cannot show for {head}: {reason}.").format(
            reason=asleep(role, scene.recording.token_ids, both_sides=scene.model.both_sides, allowed=_own_mask(scene)),
            head=scene.choice.name,
        )
        if np.isnan(here)
        else _("On your text it is {here:.0%} for {head}.").format(here=here, head=scene.choice.name)
    )
    strong = [head_name(*place) for place, mean in zip(everyone, means.tolist(), strict=True) if mean >= KNOWN]
    said.append(
        _("From {least:.2f} on: {heads}.").format(least=KNOWN, heads=_listed(strong))
        if strong
        else _("No head reaches {least:.2f}.").format(least=KNOWN)
    )
    return " ".join([*said, _beside_the_card(scene, found, roles, role)]).strip()


def _own_mask(scene: Scene) -> Tensor:
    """bool [query, key] of the chosen head on the visitor's text."""
    return scene.record.allowed.expand(1, *scene.choice.size)[0]


def _score(mean: float, spread: float) -> str:
    if np.isnan(spread):
        return f"**{mean:.0%}**"
    return _("**{mean:.0%}** (± {spread:.1%} over draws)").format(mean=mean, spread=spread)


def _listed(shown: list[str]) -> str:
    return ", ".join(shown[:MOST_ROWS]) + (" …" if len(shown) > MOST_ROWS else "")


def _beside_the_card(scene: Scene, found: Probe, roles: Roles, role: str) -> str:
    """How far this is from the same measurement when the model was made, where that was of random tokens."""
    if role not in roles.stored or role not in NEED_REPEATS or scene.model.both_sides:
        return ""
    everyone = places(scene.recording)
    apart = np.abs([float(roles.stored[role][place]) for place in everyone] - found.mean(role).double().numpy())
    widest = int(apart.argmax())
    return _(
        "When the model was made the same was measured on other draws; the largest difference of any head is "
        "{size:.2f} ({head})."
    ).format(size=apart[widest], head=head_name(*everyone[widest]))


def _caveat(scene: Scene, found: Probe) -> None:
    says = [
        _(
            "Each score is the mean weight on the pattern's cells, over the rows that have one, then over draws; ± is "
            "the standard deviation of the draws. Tokens are drawn alike from the vocabulary without its special "
            "tokens, with replacement; draw k of a seed is always the same."
        ),
        _(
            "A head that looks there need not copy what it finds, nor need the model use it; and no text is random: "
            "what a head does here it may hardly do on yours."
        ),
    ]
    if len(next(iter(found.scores.values()))) == 1:
        says.append(_("One draw tells no spread."))
    if scene.model.both_sides:
        says.append(_("An encoder was never trained on texts like these; it need not have such heads at all."))
    st.caption(" ".join(says))
