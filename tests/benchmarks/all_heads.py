"""A page with nothing but the picture of all heads, for `tests.benchmarks.browser`: a click computes and draws it."""

import os
from pathlib import Path
from time import perf_counter

import numpy as np
import streamlit as st
import torch

from viz_core.analysis.heads import ROLES
from viz_core.analysis.overview import overview, tile_side
from viz_core.memory import keep_freed_memory
from viz_core.models import gpt2
from viz_core.recording import Recording
from viz_core.ui.components.bridge import bridge
from viz_core.ui.components.head_grid import head_grid
from viz_core.ui.roles import NONE


@st.cache_resource
def recorded(n: int, seed: int) -> Recording:
    keep_freed_memory()
    model = gpt2.load(Path(os.environ["BENCHMARK_CHECKPOINT"]))
    recording: Recording = model(
        torch.randint(4096, (n,), generator=torch.Generator().manual_seed(seed)), last_only=True
    )
    return recording


def main() -> None:
    length = int(st.query_params["n"])
    if st.button("record", key="record"):
        st.session_state["seed"] = st.session_state.get("seed", 0) + 1
    seed = st.session_state.get("seed", 0)
    recording = recorded(length, seed)
    if st.button("draw", key="draw") or st.session_state.get("drawn") == seed:
        st.session_state["drawn"] = seed
        start = perf_counter()
        seen = overview(recording, tile_side(recording))
        took = perf_counter() - start
        head_grid(
            seen.tiles.numpy(),
            allowed=seen.allowed.numpy(),
            roles=[(role, role[0], role) for role in ROLES],
            here={role: scores.double().numpy() for role, scores in seen.roles.items()},
            known={},
            marks=np.full(seen.tiles.shape[:2], NONE, dtype=np.uint8),
            resting=np.zeros(seen.tiles.shape[:2], dtype=bool),
            pooled="",
            key="heads",
        )
        limits = {"layer": 12, "head": 12, "query": length, "key": length}
        chosen = dict.fromkeys(limits, 0) | {"head": seed % 12}  # tells the benchmark that this picture is there
        bridge([], of="", chosen=chosen, limits=limits, on_choose=lambda **_chosen: None, on_window=lambda _part: None)
        st.markdown(f"computed in {1000 * took:.0f} ms")
    st.markdown(f"seed {seed}")


main()
