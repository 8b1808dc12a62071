import pytest

from retune.modeling import steps


def test_steps_hold_rows_of_like_length_in_an_order_of_seed_and_epoch() -> None:
    lengths = [1 + number % 40 for number in range(403)]
    first, again, later = (steps.grouped_by_length(lengths, 8, 3, epoch) for epoch in (0, 0, 1))
    assert first == again != later
    assert sorted(place for step in first for place in step) == list(range(403))
    assert [len(step) for step in first] == [8] * 50 + [3], "the short step comes last"
    spreads = [len({lengths[place] for place in step}) for step in first]
    assert sum(spreads) / len(spreads) < 3


@pytest.mark.parametrize("processes", [1, 2, 3, 7])
def test_processes_share_each_row_of_a_step_once(processes: int) -> None:
    rows = list(range(5))
    given = [steps.shared(rows, process, processes) for process in range(processes)]
    assert sorted(row for share in given for row in share) == rows
    assert max(map(len, given)) - min(map(len, given)) <= 1


@pytest.mark.parametrize(("count", "sizes"), [(1, [7]), (2, [4, 3]), (4, [2, 2, 2, 1]), (100, [1] * 7)])
def test_a_step_is_cut_into_parts_of_like_size(count: int, sizes: list[int]) -> None:
    assert [len(part) for part in steps.parts(range(7), count)] == sizes
    assert steps.parts([], count) == []


def test_every_epoch_has_the_steps_that_were_counted() -> None:
    sampler = steps.Steps(lambda epoch: [[epoch], [epoch, 2]])
    sampler.epoch = 4
    assert (len(sampler), list(sampler)) == (2, [[4], [4, 2]])
