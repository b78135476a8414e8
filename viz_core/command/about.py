"""about: what a model of the Hub would take, before it is downloaded."""

from argparse import Namespace
from pathlib import Path

from viz_core import models
from viz_core.command import inputs
from viz_core.command.errors import Refused
from viz_core.language import _
from viz_core.models import bundled, hub


def run(options: Namespace) -> None:
    name = options.model
    if (coming := models.about(name)) is not None:
        print(inputs.in_words(name, coming))  # noqa: T201  what was asked for
    elif bundled.find(name) or Path(name).is_dir() or hub.is_repo_id(name):
        print(_("{name} is on this machine already: nothing need be downloaded.").format(name=name))  # noqa: T201
    else:
        raise Refused(
            _("{name} is no Hub id; expected one such as gpt2 or google-t5/t5-small.").format(name=repr(name))
        )
