"""The command line: `python -m viz_core record|figure|heads|about|models`, each in a module of that name.

Results go to files or to stdout, everything else to stderr. Exit codes: 0 done, 1 something to be mended, told in one
sentence, 2 the command line itself is wrong, 130 interrupted.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from viz_core.command.arguments import parser
from viz_core.command.errors import Refused


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code. Raises SystemExit for --help and for a wrong command line, as argparse does."""
    options = parser().parse_args(arguments)
    try:
        import_module(f"viz_core.command.{options.action}").run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read the output has had enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if not isinstance(error, _mendable()):
            raise
        print(f"{options.prog}: {_sentence(error)}", file=sys.stderr)  # noqa: T201  the answer to whoever asked
        return 1
    return 0


def _mendable() -> tuple[type[Exception], ...]:
    """Errors that whoever typed the command can do something about; imported late, for --help needs no torch."""
    from viz_core.models import UnusableText, WeightsUnavailable  # noqa: PLC0415
    from viz_core.storing import UnusableRecording  # noqa: PLC0415

    return (Refused, UnusableText, WeightsUnavailable, UnusableRecording, OSError)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
