from dataclasses import FrozenInstanceError, replace

import pytest
import torch

from viz_core.config import TransformerConfig
from viz_core.recording import Recording
from viz_core.transformer import Transformer

N, D, LAYERS, VOCAB, CONTEXT = 7, 12, 3, 17, 11


def recording(**settings) -> Recording:
    config = TransformerConfig(vocab_size=VOCAB, context=CONTEXT, n_layer=LAYERS, n_head=3, d_model=D, **settings)
    with torch.inference_mode():
        return Transformer(config)(torch.arange(N), last_only=True)


def test_bytes_are_those_kept_alive_each_counted_once():
    ids, embeddings, logits, allowed = 8 * N, 4 * N * D, 4 * VOCAB, N * N
    stream = 4 * N * D * (1 + 2 * LAYERS)  # the stream at the start, and after each half of a block
    causes = 4 * N * D * 3 * LAYERS  # query, key, value
    whole = ids + embeddings + logits + allowed + stream + causes
    assert recording(positions="sinusoidal").nbytes == whole + 4 * N * D
    assert recording(positions="learned").nbytes == whole + 4 * CONTEXT * D  # a view keeps the whole table alive
    # one bias shared by all layers; nothing is added, so the stream starts as the embeddings themselves
    assert recording(positions="alibi").nbytes == whole + 4 * 3 * N * N - embeddings


def test_shared_key_heads_are_kept_once():
    saved = recording(positions="sinusoidal").nbytes - recording(positions="sinusoidal", n_kv_head=1).nbytes
    assert saved == 4 * N * (D - D // 3) * 2 * LAYERS


def test_a_view_of_something_kept_costs_nothing():
    whole = recording(positions="sinusoidal")
    assert whole.nbytes - replace(whole, logits=whole.embeddings[-1:]).nbytes == 4 * VOCAB


def test_a_recording_is_frozen():
    with pytest.raises(FrozenInstanceError):
        recording().logits = torch.zeros(1)
