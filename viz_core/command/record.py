"""record: one text through one model, to a file."""

from argparse import Namespace

from viz_core import storing
from viz_core.command import inputs
from viz_core.command.arguments import STANDARD
from viz_core.command.errors import Refused
from viz_core.language import _


def run(options: Namespace) -> None:
    if options.kind is None and options.out == STANDARD:
        raise Refused(_("--out - needs --kind npz or --kind safetensors."))
    suffixes = (".npz", ".safetensors") if options.kind is None else (f".{options.kind}",)
    inputs.check_out(options, *suffixes)
    inputs.edits(options)  # wrong ones are told before a model is loaded
    text = inputs.text(options)
    model = inputs.model(options)
    text = inputs.as_read(options, model, text)
    recording = inputs.recording(options, model, text, target=options.target, all_logits=options.all_logits)
    kind = options.kind or storing.kind_of(options.out)
    edits = inputs.told(options)
    about = {"edits": edits} if edits else {}
    with inputs.output(options) as file:
        storing.save(recording, file, model=model.name, text=text, about=about, kind=kind)
    message = _("{tokens} tokens, {layers} layers, {megabytes} MB")
    inputs.say(
        options,
        message.format(
            tokens=f"{len(recording.token_ids):,}",
            layers=len(recording.blocks),
            megabytes=f"{storing.nbytes(recording) / 1e6:,.1f}",
        ),
    )
