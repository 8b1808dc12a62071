import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retune.core.hashing import normalised, prompt_key, sha256_text
from retune.core.replay import is_known, mix, rows_to_replay


@pytest.mark.case("TR-10")
@pytest.mark.parametrize(("new", "share", "old"), [(1000, 0.1, 111), (60, 0.3, 26), (60, 0.0, 0), (7, 0.5, 7)])
def test_the_replay_is_a_share_of_the_final_mix(new: int, share: float, old: int) -> None:
    assert rows_to_replay(new, share) == old
    found = mix([True] * new + [False] * 500, share, seed=3)
    assert (found.new, found.replayed, found.shortfall) == (new, old, 0)
    assert len(found.positions) == new + old


@pytest.mark.case("TR-10")
def test_too_few_old_rows_are_a_shortfall_and_none_is_repeated() -> None:
    found = mix([True] * 60 + [False] * 20, 0.3, seed=3)
    assert (found.replayed, found.shortfall) == (20, 6)
    assert sorted(found.positions) == list(range(80))
    assert mix([False] * 20, 0.3, seed=3).positions == []
    assert mix([True] * 3, 0.9, seed=3).shortfall == 27


@pytest.mark.case("TR-10")
def test_old_rows_stand_among_the_new_ones() -> None:
    found = mix([True] * 90 + [False] * 400, 0.1, seed=3)
    old = [rank for rank, place in enumerate(found.positions) if place >= 90]
    assert [rank // 10 for rank in old] == list(range(10))


@given(st.lists(st.booleans(), max_size=60), st.floats(0, 0.95), st.integers(0, 9))
def test_a_mix_has_every_new_row_once_and_old_rows_at_most_once(is_new: list[bool], share: float, seed: int) -> None:
    found = mix(is_new, share, seed)
    assert len(set(found.positions)) == len(found.positions)
    assert {place for place, value in enumerate(is_new) if value} <= set(found.positions)
    assert found.replayed + found.shortfall == rows_to_replay(found.new, share)
    assert found == mix(is_new, share, seed)


def test_what_the_parent_learnt_is_known_by_its_id_or_by_its_text() -> None:
    seen = pd.DataFrame(
        [("a", "the printer", "train"), ("b", "the badge", "test"), ("c", "the salary", "")],
        columns=["example_id", "text", "side"],
    )
    seen["text_sha256"] = [sha256_text(normalised(text)) for text in seen["text"]]
    rows = pd.DataFrame(
        [("a", "another text"), ("z", "The  Printer"), ("b", "the badge"), ("c", "the salary"), ("y", "the door")],
        columns=["example_id", "text"],
    ).assign(context="")
    assert is_known(rows, seen, "train") == [True, True, False, False, False]
    assert is_known(rows, seen, "test") == [False, False, True, False, False]


def test_the_same_question_about_another_passage_is_not_known() -> None:
    prompts = [prompt_key("Who paid?", "Anna paid.")]
    seen = pd.DataFrame({"example_id": ["a"], "text_sha256": [sha256_text(prompts[0])], "side": ["train"]})
    rows = pd.DataFrame({"example_id": ["y", "z"], "text": "Who paid?", "context": ["Anna paid!", "Ben paid."]})
    assert is_known(rows, seen, "train") == [True, False]
