"""python -m viz_core.lessons check [FOLDER]: every lesson read, every question and number computed.

One line a complaint, file:line: cause. Exit codes: 0 all is well, 1 something to be mended, 2 a wrong command line.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from viz_core.lessons.check import check
from viz_core.lessons.lesson import LESSONS


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m viz_core.lessons", description="Check the lessons.")
    parser.add_argument("action", choices=["check"])
    parser.add_argument("folder", nargs="?", type=Path, default=LESSONS, help="where they lie (assets/lessons)")
    folder = parser.parse_args(arguments).folder
    if not folder.is_dir():
        parser.error(f"there is no folder {folder}")
    torch.set_num_threads(1)  # the models are tiny; threads would only wait for each other
    complaints = check(folder)
    for complaint in complaints:
        print(complaint)  # noqa: T201  the answer to whoever asked
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
