"""python -m tests.benchmarks [recording|browser|growth|lanes]: the tables of docs/performance.md, on this machine."""

import argparse
from importlib import import_module

WHAT = {
    "recording": "what recording costs, beside transformers on the same weights and tokens",
    "browser": "what a visitor waits for, in the real app in real Chromium",
    "lanes": "what a click takes while heavy work runs, beside what it takes alone",
    "growth": "time, bytes and memory against the length of the text, beside other tools",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    listed = "; ".join(f"{name}: {what}" for name, what in WHAT.items())
    parser.add_argument("what", choices=WHAT, nargs="?", default="recording", help=listed)
    import_module(f"tests.benchmarks.{parser.parse_args().what}").main()


if __name__ == "__main__":
    main()
