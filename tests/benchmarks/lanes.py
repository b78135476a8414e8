"""python -m tests.benchmarks lanes: a choice of another head on the bundled model, alone and while heavy work runs.

Both in turns, so that whatever else the machine does falls on both; heavy work is GPT-2 small's shape, random weights,
64 tokens, run again and again in the lane of heavy work.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, product
from statistics import median, quantiles
from time import sleep

from transformers import GPT2Config

from tests.benchmarks.recording import seconds
from viz_core.figures import attention_heatmap
from viz_core.models import Model
from viz_core.models.gpt2 import transformer_config
from viz_core.transformer import Transformer
from viz_core.ui import store
from viz_core.ui.workshop import Note, Workshop

TURNS = 8
TEXT = "Once upon a time, there was a girl named Lily. Lily and her mom went to the park. Lily saw"
PAUSE = 0.02  # seconds between two clicks
texts = map("{} {}".format, iter(lambda: TEXT, None), count())


def heads(model: Model) -> Iterator[Callable[[], str]]:
    """For each head of a text that nobody has asked for, what is done on the server when it is chosen."""
    text = next(texts)
    tokens = store.recording(model, text).tokens

    def choose(layer: int, head: int) -> str:
        stages = store.stages(model, text, layer, head)
        store.links(model, text, layer, head)
        weights = stages.weights[0].numpy()
        drawn = attention_heatmap(weights, tokens, title="", subtitle="", theme="light", unit="weight", weights=True)
        return str(drawn.to_json())

    for layer, head in product(range(model.n_layer), range(model.heads[0])):
        yield lambda layer=layer, head=head: choose(layer, head)


def clicks(model: Model) -> list[float]:
    """Milliseconds of each."""
    found = []
    for choose in heads(model):
        found.append(1000 * seconds(choose))
        sleep(PAUSE)
    return found


@contextmanager
def busy(work: Callable[[Note], object]) -> Iterator[None]:
    workshop, enough = Workshop[None]("benchmark"), threading.Event()

    def again(note: Note) -> None:
        while not enough.is_set():
            work(note)

    waiting = threading.Thread(target=workshop.get, args=("busy", again), kwargs={"lane": store.shelves().heavy})
    waiting.start()
    yield
    enough.set()
    waiting.join()


def main() -> None:
    model = store.model("tiny-gpt")
    large = Model("large", Transformer(transformer_config(GPT2Config().to_dict())).eval(), None, "hub")
    times: dict[str, list[list[float]]] = {"alone": [], "while heavy work runs": []}
    clicks(model)
    for _turn in range(TURNS):
        times["alone"].append(clicks(model))
        with busy(lambda _note: large.record(range(64))):
            times["while heavy work runs"].append(clicks(model))
    print("| a head is chosen | p50, ms | p95, ms | ratio of medians |\n| --- | ---: | ---: | ---: |")
    for name, turns in times.items():
        found = sorted(time for turn in turns for time in turn)
        ratio = median(median(turn) / median(alone) for turn, alone in zip(turns, times["alone"], strict=True))
        print(f"| {name} | {median(found):.1f} | {quantiles(found, n=20)[-1]:.1f} | {ratio:.2f} |")
