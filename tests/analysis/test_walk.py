"""One head's whole path."""

import pytest
import torch

from viz_core import positions
from viz_core.analysis.walk import head_walk
from viz_core.recording import Recording
from viz_core.transformer import Transformer


@pytest.mark.parametrize("layer", [0, 2])
def test_projections_turned_are_the_record(transformer: Transformer, recording: Recording, layer: int) -> None:
    """X·W + b, rotated, is what the forward pass attended with: for each head and its shared key and value."""
    angles = positions.rotary_angles(11, 10)
    for head in range(6):
        walk = head_walk(transformer, recording, layer, head)
        torch.testing.assert_close(positions.rotate(walk.query.product, angles), walk.record.query[0])
        torch.testing.assert_close(positions.rotate(walk.key.product, angles), walk.record.key[0])
        torch.testing.assert_close(walk.value.product, walk.record.value[0])
        torch.testing.assert_close(walk.x @ walk.query.weight + walk.query.bias, walk.query.product)


def test_heads_add_up_to_what_the_layer_adds(transformer: Transformer, recording: Recording) -> None:
    """The heads' shares and the bias are the layer's output, and that is what the residual gained."""
    walks = [head_walk(transformer, recording, 1, head) for head in range(6)]
    bias = transformer.blocks[1].attention.output.bias
    torch.testing.assert_close(sum(walk.own_output for walk in walks) + bias, walks[0].output, rtol=1e-4, atol=1e-4)
    gained = recording.blocks[1].residual_mid - recording.blocks[1].residual_in
    torch.testing.assert_close(gained, walks[0].output, rtol=1e-4, atol=1e-4)


def test_concatenated_holds_each_head_in_its_place(transformer: Transformer, recording: Recording) -> None:
    walk = head_walk(transformer, recording, 1, 4)
    torch.testing.assert_close(walk.concatenated[:, 40:50], walk.record.context[0])


def test_no_such_layer_or_head(transformer: Transformer, recording: Recording) -> None:
    with pytest.raises(IndexError, match="layers 0 to 2"):
        head_walk(transformer, recording, 3, 0)
    with pytest.raises(IndexError, match="heads 0 to 5"):
        head_walk(transformer, recording, 0, 6)
