"""What is said of a map that is not the plain weights: its name, what a cell is, what it does not say, its source."""

from viz_core.figures.labels import unspaced
from viz_core.language import _
from viz_core.ui import show
from viz_core.ui.reading.aim import Aim
from viz_core.ui.reading.asked import Reading
from viz_core.ui.reading.numbers import Read
from viz_core.ui.scene import Scene
from viz_core.ui.show import quoted


def unit(measure: str) -> str:
    return {"weights": _("weight"), "values": "‖αv‖", "output": "‖αvW_O‖", "gradient": _("gradient × α")}[measure]


def title(reading: Reading) -> str:
    if reading.first == "renormalised":
        return _("renormalised without the first word") if reading.words else _("renormalised without the first token")
    what = _name(reading.measure)
    if reading.first == "shown":
        return what
    said = _("{what} without the first word") if reading.words else _("{what} without the first token")
    return said.format(what=what)


def _name(measure: str) -> str:
    return {
        "weights": _("weights"),
        "values": "‖αv‖",
        "output": "‖αvW_O‖",
        "gradient": _("gradient × attention"),
    }[measure]


def subtitle(reading: Reading, read: Read, aim: Aim | None) -> tuple[str, str]:
    """What a cell is; and, on a line of its own, whose logit it is about and how much of the map is hidden, so that a
    picture that is taken along tells it too."""
    cell = _("words: sum over a word's keys, mean over its queries") if reading.words else _each(reading, aim)
    logit = _("logit of “{token}”").format(token=unspaced(aim.label)) if aim is not None and reading.words else ""
    return cell, "; ".join(filter(None, (logit, hidden(read) if reading.first != "shown" else "")))


def hidden(read: Read) -> str:
    return _("{share} hidden").format(share=show.share(read.share))


def _each(reading: Reading, aim: Aim | None) -> str:
    if aim is not None:
        return _("what the logit of “{token}” owes to each look").format(token=unspaced(aim.label))
    if reading.measure == "weights":
        return (
            _("row looks at column; each row sums to 1 again")
            if reading.first == "renormalised"
            else _("row looks at column; the first one is left out")
        )
    return {
        "values": _("weight × length of the column's value"),
        "output": _("length of what each look brings through W_O"),
    }[reading.measure]


def caption(scene: Scene, reading: Reading, read: Read, aim: Aim | None) -> str:
    """What a cell is, what was put together or left out, and what the map does not say."""
    parts = [
        _cell(scene, reading.measure, aim),
        _put_together(scene, reading, read) if reading.words else "",
        _left_out(reading, read) if reading.first != "shown" else "",
        _unsaid(reading.measure),
    ]
    return " ".join(part for part in parts if part)


def sources(reading: Reading) -> str:
    """Markdown, a line each."""
    found = {
        "weights": [],
        "values": [_("‖αv‖: after Kobayashi et al. 2020, who also take v through W_O.")],
        "output": [_("‖αvW_O‖: Kobayashi et al. 2020, “Attention is Not Only a Weight”, section 3.")],
        "gradient": [
            _(
                "Gradient × attention: gradient × input (Shrikumar et al. 2017, “Learning Important Features Through "
                "Propagating Activation Differences”) with the weight as the input; Barkan et al. 2021 (Grad-SAM) keep "
                "its positive part alone."
            )
        ],
    }[reading.measure]
    if reading.words:
        found = [*found, _("Words: Clark et al. 2019, “What Does BERT Look At?”, section 4.1.")]
    if reading.first != "shown":
        found = [
            *found,
            _(
                "The first token as a sink: Xiao et al. 2023, “Efficient Streaming Language Models with Attention "
                "Sinks”."
            ),
        ]
    return "\n\n".join(found)


def _cell(scene: Scene, measure: str, aim: Aim | None) -> str:
    if aim is not None:
        return _(
            "Each cell: α · ∂logit/∂α for the logit of {token} predicted at {row} (token {at}): to first order, what "
            "that logit would lose without this one look. Orange raises it, blue lowers it."
        ).format(token=quoted(aim.label), row=quoted(scene.tokens[aim.row]), at=aim.row)
    if measure == "output" and not scene.model.own:
        return _(
            "Each cell: the length of α·v·W_O, what this look brings to the output of its layer's attention (v as the "
            "model computes it; without b_O, which belongs to no head). A model that runs by its own code may norm or "
            "rescale that output before it joins the residual stream, as Gemma 2 does."
        )
    return {
        "weights": "",
        "values": _(
            "Each cell: α · ‖v‖, the weight times the length of the value it moves, in the units of v (with its bias "
            "b_V, as the model computes it)."
        ),
        "output": _(
            "Each cell: the length of α·v·W_O, what this look adds to the residual stream, in the stream's units (v "
            "with its bias b_V, as the model computes it; without b_O, which belongs to no head)."
        ),
    }[measure]


def _put_together(scene: Scene, reading: Reading, read: Read) -> str:
    said = _("{tokens} tokens make {words} words: a word's columns are added up, its rows averaged.").format(
        tokens=len(scene.tokens), words=len(read.names)
    )
    if reading.measure in {"values", "output"}:
        return said + " " + _("Lengths are added, not vectors.")
    if reading.measure == "weights" and reading.first == "shown":
        return said + " " + _("Rows still sum to 1.")
    return said


def _left_out(reading: Reading, read: Read) -> str:
    """How much is hidden, and which rows have nothing else."""
    what = {
        "weights": _("of the weight"),
        "gradient": _("of the sum of magnitudes"),
    }.get(reading.measure, _("of the sum of lengths"))
    words = (
        _("**Hidden: {first}, with {share} {what}** in the {rows} rows that may look elsewhere.")
        if reading.first == "hidden"
        else _(
            "**Left out: {first}, with {share} {what}** (mean of the {rows} rows that may look elsewhere); what is "
            "left of each row is divided by its sum."
        )
    )
    said = words.format(first=quoted(read.names[0]), share=show.share(read.share), what=what, rows=read.others)
    if reading.first == "hidden" and reading.measure == "weights":
        said += " " + _("Colours end at the largest weight that is left.")
    alone = len(read.names) - read.others
    if alone:
        said += " " + (
            _("One row may look at nothing else: no cell is left of it.")
            if alone == 1
            else _("{count} rows may look at nothing else: no cell is left of them.").format(count=alone)
        )
    return said


def _unsaid(measure: str) -> str:
    said = {
        "weights": _("what is handed over, nor whether anything later uses it."),
        "values": _("where the values point, nor what W_O makes of them."),
        "output": _("where the vectors point: they can cancel each other, and later layers need not read them."),
        "gradient": _("what a larger change would do: later layers bend, and in a softmax no weight changes alone."),
    }[measure]
    return _("It does not say {what}").format(what=said)
