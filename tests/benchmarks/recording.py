"""python -m tests.benchmarks recording: what it costs, beside transformers on the same machine, weights, tokens.

Times are compared call by call, in turns, so that whatever else the machine does falls on both; a ratio is
the median over the turns. GPT-2 small's shape, random weights.
"""

from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from viz_core.memory import keep_freed_memory
from viz_core.models import gpt2
from viz_core.recording import Recording
from viz_core.transformer import Transformer

TURNS = {32: 31, 256: 15, 1024: 11}  # tokens → calls of each contender
STAGES = ("scores", "scaled_scores", "masked_scores", "weights", "context")


def seconds(call: Callable[[], Any]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def in_turns(turns: int, *calls: Callable[[], Any]) -> list[list[float]]:
    """Each call's times, turn by turn; who comes first changes from turn to turn."""
    for call in calls:
        call()
    times: list[list[float]] = [[] for _ in calls]
    for turn in range(turns):
        for step in range(len(calls)):
            index = (turn + step) % len(calls)
            times[index].append(seconds(calls[index]))
    return times


def ratio(ours: list[float], theirs: list[float]) -> float:
    return median(a / b for a, b in zip(ours, theirs, strict=True))


def contenders() -> tuple[Transformer, GPT2LMHeadModel, GPT2LMHeadModel]:
    """Ours, theirs with the fused kernel, theirs with every attention matrix: one set of weights."""
    sdpa = GPT2LMHeadModel(GPT2Config(attn_implementation="sdpa")).eval()
    eager = GPT2LMHeadModel(GPT2Config(attn_implementation="eager")).eval()
    eager.load_state_dict(sdpa.state_dict(), assign=True)
    with TemporaryDirectory() as folder:
        sdpa.save_pretrained(folder)
        return gpt2.load(Path(folder)), sdpa, eager


@torch.inference_mode()
def main() -> None:
    keep_freed_memory()  # as the app does; it serves all contenders alike
    ours, sdpa, eager = contenders()
    print("| tokens | recording, ms | transformers, ms | ratio | all attentions, ms | ratio | MB | MB attentions |")
    print("| ---: " * 8 + "|")
    for n, turns in TURNS.items():
        ids = torch.randint(ours.config.vocab_size, (n,))
        settings = {"input_ids": ids[None], "logits_to_keep": 1, "use_cache": False}
        calls = (
            lambda ids=ids: ours(ids, last_only=True),
            lambda settings=settings: sdpa(**settings),
            lambda settings=settings: eager(**settings, output_attentions=True),
        )
        times = in_turns(turns, *calls)
        recording: Recording = calls[0]()
        difference = (recording.logits - calls[1]().logits[0]).abs().max()
        assert difference < 1e-4, f"not the same computation: logits differ by {difference}"
        kept = sum(weights.untyped_storage().nbytes() for weights in calls[2]().attentions)
        mine, fused, whole = ([1000 * t for t in part] for part in times)
        print(
            f"| {n:,} | {median(mine):.0f} | {median(fused):.0f} | {ratio(mine, fused):.2f} "
            f"| {median(whole):.0f} | {ratio(mine, whole):.2f} | {recording.nbytes / 1e6:.1f} | {kept / 1e6:.1f} |"
        )
    head = recording.blocks[5].attention.head(7)
    times = in_turns(41, head.stages, *(lambda stage=stage: getattr(head, stage) for stage in STAGES))
    print(
        f"\nOne head of {n:,} tokens, ms (median of 41): all five stages, and each one derived from the causes alone:\n"
    )
    print("| all five | " + " | ".join(STAGES) + " |\n" + "| ---: " * 6 + "|")
    print("| " + " | ".join(f"{1000 * median(part):.1f}" for part in times) + " |")
