"""Who learnt what: a version that continues another has learnt what that one learnt, not what it was measured on."""

import pytest

from retune.core.lineage import Name, Saw, access_labels, ancestors, descendants, saw, told

A1, A2, A3, B1 = Name("a", "1"), Name("a", "2"), Name("a", "10"), Name("b", "1")
CHAIN = {A2: A1, A3: A2, B1: A3}  # b continues a's third version


def test_descendants_are_found_at_any_depth_and_across_models() -> None:
    assert descendants(CHAIN, [A1]) == CHAIN
    assert descendants(CHAIN, [A3]) == {B1: A3}
    assert descendants({}, [A1]) == {}


def test_ancestors_begin_with_the_own_parent() -> None:
    assert ancestors(CHAIN, B1) == [A3, A2, A1]
    assert ancestors(CHAIN, A1) == []


def test_versions_that_continue_each_other_in_a_ring_end_the_search() -> None:
    ring = {A1: A2, A2: A1}
    assert ancestors(ring, A1) == [A2]
    assert descendants(ring, [A1]) == {A2: A1}


@pytest.mark.case("LN-1")
@pytest.mark.parametrize("side", ["train", "validation"])
def test_what_a_version_learnt_its_descendants_have_learnt_too(side: str) -> None:
    assert saw({A1: [side]}, CHAIN) == [
        Saw("a", "1", (side,)),
        Saw("a", "2", ("parent",)),
        Saw("a", "10", ("parent",)),
        Saw("b", "1", ("parent",)),
    ]


@pytest.mark.case("LN-1")
def test_what_a_version_was_only_measured_on_is_not_handed_down() -> None:
    assert saw({A1: ["test"]}, CHAIN) == [Saw("a", "1", ("test",))]


def test_a_version_that_learnt_it_twice_says_both() -> None:
    found = saw({A1: ["train"], A2: ["test", "train"]}, {A2: A1})
    assert found[1] == Saw("a", "2", ("train", "test", "parent"))


def test_labels_are_the_union_of_the_own_and_the_parents() -> None:
    assert access_labels(["internal", ""], ["restricted", "internal"]) == ["internal", "restricted"]


def test_nothing_found_and_nothing_known_are_told_apart() -> None:
    assert told([], []) == ["  no version saw it"]
    assert told([], [A1])[0] == "  no version is known to have seen it"
    assert "a 1: cannot be told" in told([], [A1])[1]
    assert told([Saw("a", "1", ("train",))], []) == ["  a 1: was trained on it"]
