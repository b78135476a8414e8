import pytest
import torch
from torch.testing import assert_close

from viz_core.efficiency import tiling
from viz_core.efficiency.online_softmax import attention_in_tiles
from viz_core.efficiency.tiling import Tile

LENGTHS = [64, 100, 256, 512]


@pytest.mark.parametrize(("d", "fast"), [(16, 48 << 10), (32, 48 << 10), (64, 96 << 10), (7, 10_000)])
def test_what_is_counted_is_what_the_formulas_say(d: int, fast: int):
    tile, found = tiling.tile_of(fast, d), tiling.growth(LENGTHS, d, fast)
    for n, standard, tiles in zip(found.lengths, found.standard, found.tiles, strict=True):
        assert standard.moved == tiling.moved_by_standard(n, d)
        assert tiles.moved == tiling.moved_by_tiles(n, d, tile)
        assert standard.kept == max(tiling.kept_by_standard(n), 4 * (n * n + n * d))
        formula = tiling.kept_by_tiles(n, d, tile)
        assert formula <= tiles.kept <= 1.15 * formula + 2_000  # and a few numbers for each row
        assert standard.flops == tiles.flops == 4 * n * n * d  # no arithmetic is saved


def test_tiles_keep_what_grows_with_n_and_move_what_grows_with_n_squared():
    d, tile = 64, tiling.tile_of(192 << 10, 64)
    kept = [tiling.kept_by_tiles(n, d, tile) for n in (1 << 16, 1 << 17)]
    moved = [tiling.moved_by_tiles(n, d, tile) for n in (1 << 16, 1 << 17)]
    assert kept[1] / kept[0] == pytest.approx(2, rel=0.02)
    assert moved[1] / moved[0] == pytest.approx(4, rel=0.02)


def test_traffic_is_that_of_theorem_2():
    """n²d²/M to a constant: four times the fast memory is a quarter of the traffic."""
    n, d = 1 << 16, 64
    few, many = (tiling.moved_by_tiles(n, d, tiling.tile_of(fast, d)) for fast in (64 << 10, 256 << 10))
    assert few / many == pytest.approx(4, rel=0.01)
    assert few == pytest.approx(4 * 8 * n**2 * d**2 / ((64 << 10) / 4), rel=0.01)


def test_a_tile_fits():
    assert tiling.tile_of(192 << 10, 64) == Tile(192, 64)
    assert tiling.tile_of(16 << 10, 64) == Tile(16, 16)
    assert tiling.tile_of(1, 64) == Tile(1, 1)


def test_all_three_are_the_same_attention():
    query, key, value = torch.randn(3, 50, 8)
    expected = tiling.standard(query, key, value)
    assert_close(tiling.fused(query, key, value), expected)
    assert_close(attention_in_tiles(query, key, value, 7, 3), expected)


def test_the_fused_kernel_does_not_keep_the_map():
    found = tiling.growth([1024], 16, 192 << 10)
    assert found.fused_kept[0] < found.standard[0].kept / 3
