"""figure: one look at a recording, as a file."""

from argparse import Namespace

from viz_core.command import images, inputs
from viz_core.command.arguments import STANDARD
from viz_core.command.errors import Refused
from viz_core.figures import taken
from viz_core.language import _, spoken
from viz_core.notebook import show
from viz_core.recording import Recording
from viz_core.storing import load_stored

KINDS = (".png", ".svg", ".html")
HTML = ".html"


def run(options: Namespace) -> None:
    if options.out == STANDARD:
        raise Refused(_("--out needs a file name, which says whether PNG, SVG or HTML is meant."))
    inputs.check_out(options, *KINDS)
    kind = options.out.suffix.lower()
    recording, about = _recording(options)
    chosen = {name: getattr(options, name) for name in ("layer", "head", "row")}
    try:
        figure = show(recording, options.view, which=options.which, theme=options.theme, **chosen)
    except ValueError as error:  # a layer, head or side that is not there
        raise Refused(f"{error}.") from error
    if kind == HTML:
        if figure.layout.dragmode == "zoom":
            about.append(_("Drag a box to zoom in; a double click shows all again."))
        content = taken.standalone(figure, theme=options.theme, about=about, language=spoken()).encode()
    else:
        content = images.image(
            figure, kind.removeprefix("."), theme=options.theme, width=options.width, resolution=options.resolution
        )
    with inputs.output(options) as file:
        file.write(content)


def _recording(options: Namespace) -> tuple[Recording, list[str]]:
    """The recording, and lines that say of what it is."""
    if options.recording is not None:
        if options.text is not None or options.text_file is not None or options.chat or inputs.told(options):
            raise Refused(
                _("--recording holds text and edits already: leave out --text, --chat and what changes the model.")
            )
        stored = load_stored(options.recording)
        return stored.recording, _about(stored.model, stored.text, stored.about.get("edits"))
    if options.text is None and options.text_file is None:
        raise Refused(_("--model needs a text: pass --text or --text-file."))
    edits = inputs.told(options)
    text = inputs.text(options)
    model = inputs.model(options)
    text = inputs.as_read(options, model, text)
    return inputs.recording(options, model, text), _about(model.name, text, edits)


def _about(model: str, text: str, edits: object) -> list[str]:
    lines = [_("Model: {name}").format(name=model)] if model else []
    if text:
        lines.append(_("Text: {text}").format(text=text))
    if isinstance(edits, dict) and edits:
        changed = ", ".join(f"{name} = {value}" for name, value in edits.items())
        lines.append(_("What if: {edits}").format(edits=changed))
    return lines
