import random

from retune.modeling.dialogue import Example
from retune.modeling.packing import best_fit


def examples(lengths: list[int]) -> list[Example]:
    return [Example([place] * length, [True] * length, []) for place, length in enumerate(lengths)]


def test_packs_hold_every_example_once_and_no_more_tokens_than_they_may() -> None:
    drawn = examples(random.Random(3).choices(range(1, 100), k=500))
    packs = best_fit(drawn, 128)
    assert sorted(example.ids[0] for pack in packs for example in pack.examples) == list(range(500))
    assert max(map(len, packs)) <= 128
    assert len(packs) <= 1.05 * sum(map(len, drawn)) / 128 + 1


def test_each_example_goes_where_it_leaves_least_room() -> None:
    packs = best_fit(examples([6, 5, 4, 3, 2]), 10)
    assert [[len(example) for example in pack.examples] for pack in packs] == [[6, 4], [5, 3, 2]]


def test_an_example_longer_than_a_pack_is_one_alone() -> None:
    assert [len(pack) for pack in best_fit(examples([12, 3]), 10)] == [12, 3]
