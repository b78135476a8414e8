import pytest

from viz_core.efficiency.costs import Kind, cost, even, layers_to_meet, multiply_adds


def test_the_table_by_hand():
    assert cost("attention", 10, 4).work == 400
    assert cost("recurrent", 10, 4) == (cost("recurrent", 10, 4).__class__(160, 10, 10))
    assert cost("convolution", 9, 4, k=3).work == 3 * 9 * 16
    assert cost("convolution", 9, 4, k=3).longest == pytest.approx(2)
    assert cost("restricted", 100, 4, r=5).work == 2000
    assert cost("restricted", 100, 4, r=5).longest == 20


@pytest.mark.parametrize(("n", "k"), [(8, 2), (9, 3), (10, 3), (125, 5), (1024, 3), (8, 31)])
def test_after_how_many_convolutions_the_ends_meet(n: int, k: int):
    """Dilated by k, k², …: a layer reaches k times as far as the one before it."""
    layers, reach = 0, 1
    while reach < n:
        layers, reach = layers + 1, reach * k
    assert layers_to_meet("convolution", n, k=k) == layers
    assert layers - 1 < cost("convolution", n, 4, k=k).longest + 1e-9
    assert (layers_to_meet("attention", n), layers_to_meet("recurrent", n)) == (1, n - 1)
    assert layers_to_meet("restricted", 1000, r=64) == 16
    assert layers_to_meet("restricted", 8, r=64) == 1


def test_restricted_attention_that_sees_all_is_attention():
    assert cost("restricted", 8, 4, r=99) == cost("attention", 8, 4)


@pytest.mark.parametrize("wrong", [{"n": 0}, {"d": 0}, {"r": 0}, {"k": 1}])
def test_what_has_no_cost(wrong: dict):
    name, value = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f"{name} is {value}; expected at least"):
        cost("attention", **({"n": 5, "d": 5} | wrong))


@pytest.mark.parametrize("kind", ["recurrent", "convolution", "restricted"])
def test_where_attention_becomes_dearer(kind: Kind):
    sizes = {"k": 5, "r": 32}
    n = even(kind, 16, **sizes)
    assert cost("attention", n, 16, **sizes).work == cost(kind, n, 16, **sizes).work
    assert cost("attention", n + 1, 16, **sizes).work > cost(kind, n + 1, 16, **sizes).work


def test_a_real_layer_has_its_projections_too():
    assert multiply_adds("attention", 10, 4) == 4 * 10 * 16 + 2 * 400
    # half of it are projections at n = 2d
    assert multiply_adds("attention", 8, 4) == 2 * 4 * 8 * 16
    # 7 rows in blocks of 3 are 3 blocks, of 5 keys each
    assert multiply_adds("restricted", 7, 4, r=3) == 4 * 7 * 16 + 2 * 9 * 5 * 4
