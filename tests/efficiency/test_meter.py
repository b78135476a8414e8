"""Counted by hand: float32 is 4 bytes."""

from threading import Thread

import torch

from viz_core.efficiency.meter import measured, most_kept

N = 1_000


def moved(work, fast: int = 0) -> int:
    return measured(work, fast).moved


def test_an_operation_reads_its_operands_and_writes_its_result():
    x, y = torch.randn(2, N)
    assert moved(lambda: x + y) == 4 * 3 * N
    assert moved(lambda: x * 2) == 4 * 2 * N
    assert moved(x.sum) == 4 * (N + 1)


def test_a_product_of_matrices():
    a, b = torch.randn(3, 5), torch.randn(5, 7)
    found = measured(lambda: a @ b)
    assert found.moved == 4 * (15 + 35 + 21)
    assert found.flops == 2 * 3 * 5 * 7
    assert found.kept == 4 * 21


def test_a_view_moves_nothing():
    x = torch.randn(10, 10)
    assert moved(lambda: x[2:].view(4, 20).T[1:]) == 0


def test_a_part_is_read_alone():
    x = torch.randn(10, 10)
    assert moved(lambda: x[2:4] + 1) == 4 * 2 * 20


def test_in_place_writes_are_counted():
    x, y = torch.randn(2, N)
    assert moved(lambda: x.add_(y)) == 4 * 3 * N
    assert moved(lambda: x.copy_(y)) == 4 * 2 * N
    assert moved(x.zero_) == 4 * N
    assert moved(lambda: torch.add(x, 1, out=y)) == 4 * 3 * N


def test_what_is_only_made_is_written_and_not_read():
    x = torch.randn(N)
    assert moved(lambda: x.new_zeros(10)) == 4 * 10
    assert moved(lambda: torch.empty_like(x)) == 0


def test_what_is_expanded_is_read_once():
    x, y = torch.randn(10, 1), torch.randn(10, 20)
    assert moved(lambda: x.expand(10, 20) + y) == 4 * (10 + 200 + 200)


def test_what_stays_in_fast_memory_is_not_moved_but_the_result_is():
    x = torch.randn(N)

    def work():
        return x.clone().mul_(2).add_(1)

    assert moved(work) == 4 * (2 + 2 + 2) * N
    assert moved(work, fast=4 * N) == 4 * 2 * N
    assert moved(work, fast=4 * N - 1) == moved(work)


def test_the_most_alive_at_one_time():
    x = torch.randn(N)
    assert most_kept(lambda: x + x) == 4 * N
    assert most_kept(lambda: (x + x) * x + x) == 4 * 2 * N  # each result takes the place of the one before last
    assert most_kept(lambda: x[3:]) == 0

    def held():
        kept = [x + x for _number in range(5)]
        return kept[0] + x

    assert most_kept(held) == 4 * 6 * N


def test_another_threads_memory_is_not_counted():
    x = torch.randn(N)

    def work():
        other = Thread(target=lambda: [torch.randn(100_000) for _time in range(20)])
        other.start()
        result = x + x
        other.join()
        return result

    assert most_kept(work) == 4 * N


def test_a_place_that_is_used_again_is_counted_anew():
    """Freed memory is given out again: a small tensor where a fast one lay is not the fast one."""
    x = torch.randn(N)

    def work():
        for _time in range(10):
            x.clone()
        return x.clone()

    assert moved(work) == 4 * 2 * 11 * N
    assert moved(work, fast=4 * N) == 4 * 12 * N


def test_other_threads_go_on_untouched():
    """No hooks on modules, which are all threads' own; and however measurements overlap, none leaves a mode behind."""
    hooks = torch.nn.modules.module._global_forward_pre_hooks
    seen = []

    def work():
        seen.append(len(hooks))
        return torch.ones(N) + 1

    threads = [Thread(target=lambda: [measured(work) for _time in range(20)]) for _thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) == {0}
    assert not torch.utils._python_dispatch.is_in_torch_dispatch_mode()


def test_a_result_is_not_remembered_by_the_next_measurement():
    """Its place is taken by a tensor that nobody watched, and that goes while the next is watched."""
    plain = most_kept(lambda: torch.ones(N) + 1)
    for _time in range(20):
        most_kept(lambda: torch.ones(N) + 1)
        held = [torch.ones(N) for _number in range(5)]
        assert most_kept(lambda held=held: held.clear() or torch.ones(N) + 1) == plain
