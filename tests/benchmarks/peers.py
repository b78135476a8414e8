"""python peers.py NAME TOKENS FOLDER: what one contender of growth.py costs, in a process of its own, as JSON.

It runs in the peers' own environment, so it imports nothing of this program. A contender takes (model, ids, labels) and
returns all that it keeps, the bytes of its picture, and one head's weights: they show that all computed the same.
"""

import ctypes
import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch
from torch import Tensor
from transformers import GPT2LMHeadModel

LAYER, HEAD = 5, 7
WARM_UP = 8  # tokens

Made = tuple[Any, int, Tensor]
Contender = Callable[[Any, Tensor, list[str]], Made]


def eager(folder: str) -> Any:
    return GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager").eval()


def transformers(model: Any, ids: Tensor, _labels: list[str]) -> Made:
    """Every attention matrix and no picture: its bytes are the matrices, float32."""
    layers = model(ids[None], output_attentions=True, use_cache=False, logits_to_keep=1).attentions
    return layers, sum(layer.nbytes for layer in layers), layers[LAYER][0, HEAD]


def bertviz(model: Any, ids: Tensor, labels: list[str]) -> Made:
    """The view of all heads; head_view embeds the same numbers. ASCII: a letter is a byte."""
    from bertviz import model_view  # noqa: PLC0415 - only here it is installed for sure

    layers, _sent, weights = transformers(model, ids, labels)
    html = model_view(layers, labels, html_action="return").data
    return html, len(html), weights


def circuitsvis(model: Any, ids: Tensor, labels: list[str]) -> Made:
    """All heads in one component. It writes the page twice, with its script and with a link to it: the link counts."""
    from circuitsvis.attention import attention_heads  # noqa: PLC0415

    layers, _sent, weights = transformers(model, ids, labels)
    names = [f"L{layer}H{head}" for layer in range(len(layers)) for head in range(layers[0].shape[1])]
    html = attention_heads(torch.cat(layers).flatten(0, 1), labels, names)
    return html, len(str(html)), weights


def bridge(folder: str) -> Any:
    """TransformerLens 4 around the same checkpoint."""
    from transformer_lens.model_bridge import TransformerBridge  # noqa: PLC0415

    return TransformerBridge.boot_transformers(folder)


def transformer_lens(model: Any, ids: Tensor, _labels: list[str]) -> Made:
    """Every activation and no picture: its bytes are the attention matrices among them, float32."""
    _logits, cache = model.run_with_cache(ids[None], use_cache=False, logits_to_keep=1)
    layers = [cache[f"blocks.{layer}.attn.hook_pattern"] for layer in range(model.cfg.n_layers)]
    return cache, sum(layer.nbytes for layer in layers), layers[LAYER][0, HEAD]


CONTENDERS: dict[str, tuple[Callable[[str], Any], Contender]] = {
    "BertViz": (eager, bertviz),
    "CircuitsVis": (eager, circuitsvis),
    "TransformerLens": (bridge, transformer_lens),
    "transformers": (eager, transformers),
}


@torch.inference_mode()
def measure(model: Any, contender: Contender, n: int) -> dict[str, float]:
    """seconds: median of the calls after the first. memory: bytes resident at the peak of the first call above those
    just before it, when the model was loaded and had read a few tokens. Linux only: /proc lets the peak be reset."""
    torch.set_num_threads(2)
    torch.manual_seed(n)
    ids = torch.randint(50257, (n,))
    labels = [f"w{index}" for index in ids.tolist()]
    contender(model, ids[:WARM_UP], labels[:WARM_UP])
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # else what loading has freed would be used again and not be counted
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = resident("VmRSS")
    made = contender(model, ids, labels)
    cost = {"memory": resident("VmHWM") - before, "bytes": made[1], "check": made[2].square().sum().item()}
    times = []
    for _turn in range(max(1, min(7, 512 // n))):
        del made  # two at once would cost what one does not
        start = perf_counter()
        made = contender(model, ids, labels)
        times.append(perf_counter() - start)
    del made
    return {"seconds": median(times), **cost}


def resident(name: str) -> int:
    """VmRSS: bytes of this process in memory now; VmHWM: at most since the peak was reset."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(name))


if __name__ == "__main__":
    name, tokens, checkpoint = sys.argv[1:]
    load, named = CONTENDERS[name]
    print(json.dumps(measure(load(checkpoint), named, int(tokens))))
