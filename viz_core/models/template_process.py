"""The program that writes conversations by the chat templates of checkpoints: run in a process of its own by
`templates`, which can end it, with little memory. A line of JSON in, a line of JSON out.
"""

import json
import sys
from contextlib import suppress
from typing import Any

import psutil
from transformers.utils.chat_template_utils import render_jinja_template

MEMORY = 300_000_000  # bytes above what the program itself takes
LONGEST = 1_000_000  # characters of a conversation


def bound() -> None:
    """No template may take more memory than this, nor write to a file. Only where the system knows such limits."""
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  Windows has none

        taken = psutil.Process().memory_info().vms + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (taken, taken))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def written(asked: dict[str, Any]) -> dict[str, str]:
    """The conversation, or why there is none; in the sandbox that transformers runs templates in."""
    given = {"chat_template": asked["template"], "add_generation_prompt": True, **asked["tokens"]}
    try:
        found: Any = render_jinja_template([asked["messages"]], **given)
    except Exception as error:  # noqa: BLE001  templates raise what they like, and contain what they like
        return {"error": (str(error).strip() or type(error).__name__)[:LONGEST]}
    text = str(found[0][0])
    if len(text) > LONGEST:
        return {"error": f"it writes {len(text):,} characters, expected at most {LONGEST:,}"}
    return {"text": text}


def main() -> None:
    bound()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(written(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
