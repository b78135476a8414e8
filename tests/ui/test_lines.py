"""What the drawing of lines is sent, and what it refuses."""

import json
import struct
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch

from viz_core.analysis.links import LEAST, Links, links_of
from viz_core.figures import palette
from viz_core.ui.components.attention_lines import attention_lines

TOKENS = ["The", "·cat", "⏎"]
WEIGHTS = torch.tensor([[[1, 0, 0], [0.25, 0.75, 0], [0.5, 0.49, 0.01]], [[1, 0, 0], [1, 0, 0], [0, 0, 1]]])


def sent(tokens: list[str], links: Links) -> tuple[dict[str, Any], bytes]:
    """Header and payload, taken apart as the browser does."""
    with patch("viz_core.ui.components.attention_lines._component") as component:
        attention_lines(tokens, links, layer=4, key="lines")
    component.assert_called_once()
    assert component.call_args.kwargs["key"] == "lines"
    data = component.call_args.kwargs["data"]
    (length,) = struct.unpack_from("<I", data)
    return json.loads(data[4 : 4 + length]), data[4 + length :]


def test_the_header_says_what_is_drawn_and_nothing_of_what_is_chosen() -> None:
    header, _payload = sent(TOKENS, links_of(WEIGHTS))
    assert set(header) == {"tokens", "layer", "heads", "least", "colours", "words"}
    assert header["tokens"] == TOKENS
    assert (header["layer"], header["heads"], header["least"]) == (4, 2, LEAST)
    for theme in ("light", "dark"):
        assert header["colours"][theme]["weights"] == palette.WEIGHTS[theme]
        assert len(header["colours"][theme]["categories"]) == 8
    assert "{head}" in header["words"]["only"]
    assert all(header["words"].values())


def test_the_payload_is_the_links_in_the_order_in_which_they_are_read() -> None:
    _header, payload = sent(TOKENS, links_of(WEIGHTS))
    starts = np.frombuffer(payload, np.uint32, count=2 * 3 + 1)
    assert starts.tolist() == [0, 1, 3, 5, 6, 7, 8]
    keys, shares = np.frombuffer(payload[starts.nbytes :], np.uint16).reshape(2, -1)
    assert keys.tolist() == [0, 0, 1, 0, 1, 0, 0, 2]
    assert (shares / 65_535).round(2).tolist() == [1, 0.25, 0.75, 0.5, 0.49, 1, 1, 1]


def test_tokens_of_any_script_arrive_as_they_are() -> None:
    tokens = ["<b>", "·كتاب", "고양이"]
    assert sent(tokens, links_of(WEIGHTS))[0]["tokens"] == tokens


@pytest.mark.parametrize("shape", [(2, 3, 3), (2, 4, 3), (2, 3, 4)])
def test_links_between_other_tokens_are_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"links are of \[2, \d, \d\]; expected \[2, 4, 4\]"):
        sent(["a", "b", "c", "d"], links_of(torch.zeros(shape)))
