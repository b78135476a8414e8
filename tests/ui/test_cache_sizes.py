import pytest

from viz_core.analysis.parameters import GPT2
from viz_core.ui.mechanism.efficient.cache_sizes import LENGTHS, PUBLISHED, WIDTHS


@pytest.mark.parametrize("name", GPT2)
def test_the_shapes_of_gpt2_have_its_parameters(name: str) -> None:
    shape = GPT2[name]
    d = shape.d_model
    layer = shape.layer + 8 * d * d + 5 * d + 4 * d  # attention; feed-forward of 4d with biases; two norms
    assert shape.all_parameters == (50257 + shape.context) * d + shape.n_layer * layer + 2 * d


@pytest.mark.parametrize(
    ("name", "bytes_a_token"),
    [
        ("GPT-2 small", 36_864),
        ("GPT-2 XL", 307_200),
        ("GPT-3", 4_718_592),
        ("Llama 2 70B", 327_680),
        ("Mistral 7B", 131_072),
    ],
)
def test_bytes_by_hand(name: str, bytes_a_token: int) -> None:
    for width in WIDTHS.values():
        assert PUBLISHED[name].cache_bytes(1, width) == bytes_a_token * width // 2


def test_a_window_bounds_the_cache() -> None:
    sizes = [PUBLISHED["Mistral 7B"].cache_bytes(n) for n in LENGTHS]
    assert sizes[:3] == [n * 131_072 for n in (1024, 2048, 4096)]
    assert set(sizes[2:]) == {512 * 2**20}
