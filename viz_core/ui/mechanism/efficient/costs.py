"""What a layer costs, by kind: the table of the 2017 paper as a calculator, and real layers on this machine."""

import math

import numpy as np
import streamlit as st

from viz_core.efficiency.costs import Cost, Kind, cost, even, layers_to_meet, multiply_adds
from viz_core.efficiency.layers import KINDS
from viz_core.figures import Curve
from viz_core.figures.growth import growth
from viz_core.language import _
from viz_core.ui import maps, settings, show, store
from viz_core.ui.mechanism.efficient import measured
from viz_core.ui.mechanism.efficient.sizes import Sizes, names
from viz_core.ui.mechanism.efficient.tables import POWERS, large, table
from viz_core.ui.scene import Scene

LENGTHS = [2**power for power in range(3, 21)]  # 8 … 1,048,576
WIDTHS = [2**power for power in range(4, 15)]  # 16 … 16,384
KERNELS = [2, 3, 5, 7, 9, 15, 31]
LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
NEIGHBOURS = [2**power for power in range(2, 13)]


def costs(scene: Scene) -> list[str]:
    maps.explain(
        _(
            r"\underbrace{n^2 d}_{\text{self-attention}} \quad \underbrace{n\,d^2}_{\text{recurrent}} \quad"
            r" \underbrace{k\,n\,d^2}_{\text{convolution}} \quad \underbrace{r\,n\,d}_{\text{restricted}}"
        ),
        _(
            "Four kinds of layer turn n vectors of d numbers into as many. Table 1 of Vaswani et al. 2017 compares "
            "their work, how many steps must **wait for one another**, and how far apart two positions are."
        ),
    )
    sizes = _asked()
    _table(sizes)
    left, right = st.columns([1.3, 1], gap="large")
    with left:
        _curves(scene, sizes)
    with right:
        st.markdown(_said(sizes))
    measured.on_this_machine(scene, sizes)
    return []


def _asked() -> Sizes:
    def says(value: float) -> str:
        return f"{value:,.0f}"

    n, d, k, r = st.columns(4, gap="medium")
    with n:
        length = settings.slider("n", _("n, positions"), LENGTHS, default=1024, says=says)
    with d:
        width = settings.slider("d", _("d, width"), WIDTHS, default=256, says=says)
    with k:
        kernel = settings.slider("k", _("k, kernel of the convolution"), KERNELS, default=3, says=says)
    with r:
        near = settings.slider("r", _("r, neighbours seen"), NEIGHBOURS, default=64, says=says)
    return Sizes(int(length), int(width), int(kernel), int(near))


def _table(sizes: Sizes) -> None:
    n, d, k, r = sizes.n, sizes.d, sizes.k, sizes.r
    near = min(n, r)
    worked = {
        "attention": (f"n²·d = {n:,}²·{d:,}", "1", "1"),
        "recurrent": (f"n·d² = {n:,}·{d:,}²", f"n = {n:,}", f"n = {n:,}"),
        "convolution": (f"k·n·d² = {k}·{n:,}·{d:,}²", "1", f"log{str(k).translate(LOW)} n = {math.log(n, k):.3g}"),
        "restricted": (f"r·n·d = {near:,}·{n:,}·{d:,}", "1", f"n/r = {max(1, n / r):,.4g}"),
    }
    rows = []
    for kind in KINDS:
        work, sequential, longest = worked[kind]
        found, real = _cost(kind, sizes), _real(kind, n, sizes)
        rows.append([names()[kind], f"{work} = {large(found.work)}", sequential, longest, large(real)])
    heading = [
        _("layer"),
        _("work"),
        _("steps in sequence"),
        _("longest path"),
        _("multiply–adds of a real layer"),
    ]
    table(heading, rows, key="cost-table")
    st.caption(
        _(
            "Work, steps and path are **orders of growth**, without constants; log n is of dilated convolutions, "
            "others take n/k. The last column is counted: attention with projections (4·n·d² + 2·n²·d), a GRU "
            "(6·n·d²), a convolution (k·n·d²), attention in blocks of r rows (4·n·d² + 2·n·(2r − 1)·d)."
        )
        + (" " + _("r is more than n: everyone sees everyone.") if r > n else "")
    )


def _cost(kind: Kind, sizes: Sizes, n: int = 0) -> Cost:
    return cost(kind, n or sizes.n, sizes.d, k=sizes.k, r=sizes.r)


def _real(kind: Kind, n: int, sizes: Sizes) -> int:
    return multiply_adds(kind, n, sizes.d, k=sizes.k, r=sizes.r)


def _curves(scene: Scene, sizes: Sizes) -> None:
    lengths = np.array(LENGTHS)
    one = _("slope {slope}").format(slope=1)
    slopes = {
        "attention": _("slope {slope}").format(slope=2),
        "recurrent": one,
        "convolution": one,
        "restricted": _("{slope} from n = r on").format(slope=one),
    }
    drawn = store.figure(
        ("costs", sizes, scene.theme),
        lambda: growth(
            [
                Curve(
                    f"{names()[kind]}: {slopes[kind]}",
                    lengths,
                    np.array([_cost(kind, sizes, int(n)).work for n in lengths]),
                )
                for kind in KINDS
            ],
            title=_("Work as the text grows"),
            subtitle=_("entries of the table; circle: n = d = {d:,}").format(d=sizes.d),
            x_title=_("n, positions; line: chosen above"),
            y_title=_("work"),
            theme=scene.theme,
            x_ticks=x_ticks(),
            y_ticks={10.0**power: f"10{str(power).translate(POWERS)}" for power in range(0, 19, 3)},
            points=[(sizes.d, sizes.d**3)],
            mark=sizes.n,
        ),
    )
    show.figure(drawn, "costs", _("Work of the four kinds of layer over the number of positions"))


def x_ticks() -> dict[float, str]:
    return {8: "8", 64: "64", 512: "512", 4096: "4k", 32768: "32k", 262144: "256k"}


def _said(sizes: Sizes) -> str:
    n, d = sizes.n, sizes.d
    attention, recurrent = (_cost(kind, sizes).work for kind in ("attention", "recurrent"))
    if n == d:
        said = _("Here n = d: self-attention and recurrence cost the same, {work}.").format(work=large(attention))
    elif n < d:
        said = _("Here n < d: self-attention is the cheaper of the two, by **{ratio} times**.").format(
            ratio=large(recurrent / attention)
        )
    else:
        said = _("Here n > d: self-attention is the dearer of the two, by **{ratio} times**.").format(
            ratio=large(attention / recurrent)
        )
    lines = [
        _("n²·d = n·d² where **n = d = {d:,}**: from there on self-attention is dearer than recurrence.").format(d=d)
        + " "
        + said,
        _(
            "It is dearer than the convolution from n = k·d = **{convolution:,}** on, than attention to {r:,} "
            "neighbours from n = r = **{restricted:,}** on."
        ).format(
            convolution=even("convolution", d, k=sizes.k),
            r=sizes.r,
            restricted=even("restricted", d, r=sizes.r),
        ),
        _(
            "**What it buys:** a recurrence needs **{n:,} steps**, each waiting for the one before; the others need 1. "
            "And two words {far:,} apart meet in **1 layer** of self-attention, after {convolution} of (dilated) "
            "convolution, about {restricted:,} of restricted attention, {steps:,} steps of recurrence."
        ).format(
            n=n,
            far=n - 1,
            convolution=layers_to_meet("convolution", n, k=sizes.k),
            restricted=layers_to_meet("restricted", n, r=sizes.r),
            steps=layers_to_meet("recurrent", n),
        ),
        _cells(n, sizes),
    ]
    return "\n\n".join(lines)


def _cells(n: int, sizes: Sizes) -> str:
    """How much of a real attention layer the table's n²·d is."""
    real = _real("attention", n, sizes)
    share = 2 * n * n * sizes.d / real
    return _(
        "In a real layer the n²·d of the table comes twice (scores, and the weighted sum), beside 4·n·d² of "
        "projections: **{share}** of its multiply–adds at this n, more than half above n = 2d = {half:,}."
    ).format(share=show.share(share), half=2 * sizes.d)
