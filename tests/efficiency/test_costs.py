import pytest

from viz_core.efficiency.costs import cost


def test_the_table_by_hand():
    assert cost("attention", 10, 4).work == 400
    assert cost("recurrent", 10, 4) == (cost("recurrent", 10, 4).__class__(160, 10, 10))
    assert cost("convolution", 9, 4, k=3).work == 3 * 9 * 16
    assert cost("convolution", 9, 4, k=3).longest == pytest.approx(2)
    assert cost("restricted", 100, 4, r=5).work == 2000
    assert cost("restricted", 100, 4, r=5).longest == 20


def test_restricted_attention_that_sees_all_is_attention():
    assert cost("restricted", 8, 4, r=99) == cost("attention", 8, 4)


@pytest.mark.parametrize("wrong", [{"n": 0}, {"d": 0}, {"r": 0}, {"k": 1}])
def test_what_has_no_cost(wrong: dict):
    name, value = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f"{name} is {value}; expected at least"):
        cost("attention", **({"n": 5, "d": 5} | wrong))
