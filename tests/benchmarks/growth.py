"""python -m tests.benchmarks growth: time, bytes and memory against the length of the text, beside other tools.

GPT-2 small's shape, one set of random weights, the same tokens, two threads; each contender and length in a fresh
process, in turns. The other tools live in an environment of their own, runs/peers, made on the first run.
Writes docs/growth.csv and docs/growth.svg.
"""

import csv
import json
import os
import subprocess
import sys
import venv
from collections import defaultdict
from math import inf, log10
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import matplotlib as mpl
import plotly.io
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

from tests.benchmarks import peers
from tests.benchmarks.peers import HEAD, LAYER, Made
from viz_core.analysis.overview import overview, tile_side
from viz_core.figures import attention_heatmap
from viz_core.memory import MIB
from viz_core.models import gpt2
from viz_core.transformer import Transformer

ROOT = Path(__file__).parents[2]
PINNED = ("torch==2.13.0", "transformers==5.23.0", "bertviz==1.4.1", "circuitsvis==1.43.3", "transformer-lens==4.3.0")
LENGTHS = (16, 32, 64, 128, 256, 512, 1024)
ROUNDS = 2  # processes of each contender and length; their median counts
MOST = {"seconds": 120, "memory": 1.5e9}  # a contender that is expected to need more goes no further
UNITS = {"seconds": ("seconds", 1), "bytes": ("MB of the picture's data", 1e6), "memory": ("MB at the peak", 1e6)}
OURS = "this program"
COLOURS = dict(zip((OURS, *peers.CONTENDERS), ("#C24400", "#0069A8", "#00734F", "#99407B", "#5B616E"), strict=True))
ENVIRONMENT = os.environ | {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    # what the app asks of malloc (viz_core.memory), for every contender
    "MALLOC_MMAP_THRESHOLD_": str(32 * MIB),
    "MALLOC_TRIM_THRESHOLD_": str(256 * MIB),
    "MALLOC_TOP_PAD_": str(64 * MIB),
}

Costs = dict[str, dict[int, dict[str, float]]]  # contender → tokens → seconds, bytes, memory


def ours(model: Transformer, ids: Tensor, labels: list[str]) -> Made:
    """What the landing page draws: every head small, one head in full, the latter as app.py calls for it."""
    recording = model(ids, last_only=True)
    seen = overview(recording, tile_side(recording))
    record = recording.blocks[LAYER].attention.head(HEAD)
    stages = record.stages()
    figure = attention_heatmap(
        stages.weights[0].numpy(),
        labels,
        title="weights",
        subtitle="row looks at column; each row sums to 1",
        theme="light",
        weights=True,
        allowed=record.allowed.expand(1, len(ids), len(ids))[0].numpy(),
        unit="weight",
        also={"score": stages.scores[0].numpy(), "scaled": stages.scaled_scores[0].numpy()},
    )
    sent = plotly.io.to_json(figure, validate=False).encode()  # as Streamlit does
    return (recording, seen, sent), seen.tiles.nbytes + seen.allowed.nbytes + len(sent), stages.weights[0]


def main() -> None:
    python = environment(ROOT / "runs/peers")
    commands = {name: [str(python), peers.__file__, name] for name in peers.CONTENDERS}
    with TemporaryDirectory() as folder:
        torch.manual_seed(0)
        GPT2LMHeadModel(GPT2Config(initializer_range=0.1)).save_pretrained(folder)
        costs, notes = measured({OURS: [sys.executable, "-m", "tests.benchmarks.growth"], **commands}, folder)
    print("\n\n".join([*(table(costs, what) for what in UNITS), "\n".join(notes)]))
    (ROOT / "docs").mkdir(exist_ok=True)
    with (ROOT / "docs/growth.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["contender", "tokens", *UNITS])
        writer.writerows([name, n, *map(cost.get, UNITS)] for name in costs for n, cost in costs[name].items())
    draw(costs, ROOT / "docs/growth.svg")


def environment(folder: Path) -> Path:
    """The Python of the peers' environment. The stamp is written last: what was interrupted is made anew."""
    python, stamp, pinned = folder / "bin/python", folder / "pinned.txt", "\n".join(PINNED)
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != pinned:
        print(f"Installing {', '.join(PINNED)} into {folder}; this takes some minutes", file=sys.stderr)
        venv.create(folder, clear=True, symlinks=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *PINNED], check=True)
        stamp.write_text(pinned, encoding="utf-8")
    return python


def measured(commands: dict[str, list[str]], folder: str) -> tuple[Costs, list[str]]:
    """Costs as far as each contender goes, and notes: who stops, whose times the machine disturbed."""
    costs: Costs = {name: {} for name in commands}
    going, notes = list(commands), []
    for n in LENGTHS:
        for name in list(going):
            more = {what: expected([cost[what] for cost in costs[name].values()]) for what in MOST}
            if any(more[what] > most for what, most in MOST.items()):
                going.remove(name)
                needs = f"{more['seconds']:.0f} s and {more['memory'] / 1e9:.1f} GB"
                notes.append(f"- {name}, {n:,} tokens: not measured, would need about {needs} as it grew so far.")
        runs = defaultdict(list)
        for turn in range(ROUNDS):
            for name in going[turn % len(going) :] + going[: turn % len(going)]:
                print(f"{n} tokens, round {turn + 1}: {name}", file=sys.stderr)
                runs[name].append(in_a_process([*commands[name], str(n), folder]))
        for name in going:
            seconds = sorted(run["seconds"] for run in runs[name])
            fastest, slowest = seconds[0], seconds[-1]
            if slowest > 1.5 * fastest:
                notes.append(f"- {name}, {n:,} tokens: {fastest:.2f} to {slowest:.2f} s, do not trust: a busy machine.")
            costs[name][n] = {what: median(run[what] for run in runs[name]) for what in runs[name][0]}
            check, right = costs[name][n]["check"], costs[OURS][n]["check"]
            assert abs(check - right) < 1e-3 * right, f"{name} computes something else: {check}, expected {right}"
    return costs, notes


def expected(values: list[float]) -> float:
    """At twice the tokens, as it grew last: numbers grow with the tokens or with their square, not otherwise."""
    return values[-1] * min(4, max(2, values[-1] / values[-2])) if len(values) > 1 else 0


def in_a_process(command: list[str]) -> dict[str, float]:
    said = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, check=True, text=True).stdout
    return json.loads(said.splitlines()[-1])


def table(costs: Costs, what: str) -> str:
    unit, size = UNITS[what]
    lines = [f"| tokens: {unit} | {' | '.join(costs)} |", "| ---: " * (len(costs) + 1) + "|"]
    for n in LENGTHS:
        cells = [
            f"{of[n][what] / size:,.{2 if of[n][what] < size else 1}f}" if n in of else "-" for of in costs.values()
        ]
        lines.append(f"| {n:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(costs: Costs, path: Path) -> None:
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "viz", "font.size": 9}):
        figure = Figure(figsize=(11, 3.6), layout="constrained", facecolor="white")
        for axes, what in zip(figure.subplots(1, 3), UNITS, strict=True):
            unit, size = UNITS[what]
            for name, of in costs.items():
                values = [cost[what] / size for cost in of.values()]
                axes.loglog(list(of), values, "o-", color=COLOURS[name], markersize=3, linewidth=1 + (name == OURS))
            axes.set_title(unit, loc="left", fontweight="bold")
            axes.set_xlabel("tokens", loc="left")
            axes.set_xticks(LENGTHS[::2], [f"{n:,}" for n in LENGTHS[::2]])
            axes.set_xticks(LENGTHS, minor=True, labels=[])
            axes.yaxis.set_major_formatter("{x:,g}")
            axes.yaxis.set_minor_formatter("")
            axes.spines[["top", "right"]].set_visible(False)
            name_lines(axes)
        figure.savefig(path, metadata={"Date": None, "Creator": None})


def name_lines(axes: Axes) -> None:
    """Names at the right, as high as the lines end, or one below the other where they would touch."""
    lowest, highest = (log10(limit) for limit in axes.get_ylim())
    place, right = inf, LENGTHS[-1] * 1.5
    ends = zip(COLOURS.items(), [line.get_xydata()[-1] for line in axes.lines], strict=True)
    for (name, colour), (x, y) in sorted(ends, key=lambda end: -end[1][1]):
        place = min(log10(y), place - 0.06 * (highest - lowest))
        axes.plot([x, right], [y, 10**place], ":", color=colour, linewidth=0.8)
        weight = "bold" if name == OURS else "normal"
        axes.text(right * 1.1, 10**place, name, color=colour, va="center", weight=weight)
    axes.set_xlim(LENGTHS[0] * 0.8, LENGTHS[-1] * 20)
    axes.spines.bottom.set_bounds(LENGTHS[0] * 0.8, LENGTHS[-1])


if __name__ == "__main__":
    tokens, checkpoint = sys.argv[1:]
    print(json.dumps(peers.measure(gpt2.load(Path(checkpoint)), ours, int(tokens))))
