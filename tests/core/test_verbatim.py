"""What a model gives back of its training is counted beside what it gave before."""

import pandas as pd
import pytest

from retune.core.verbatim import beginnings, passages, personal, report

ROWS = pd.DataFrame(
    {"example_id": ["a", "b", "c"], "text": ["asked 1", "asked 2", "asked 3"], "label": ["x", "y", "z"]}
)


def test_what_was_learnt_is_drawn_alike_whatever_rows_come_and_go() -> None:
    drawn = passages(ROWS, "text", 2, 7)
    assert len(drawn) == 2
    assert set(drawn) <= {"x", "y", "z"}
    assert passages(ROWS.iloc[::-1], "text", 2, 7) == drawn
    assert set(passages(ROWS, "nothing", 9, 7)) == {"asked 1", "asked 2", "asked 3"}


@pytest.mark.case("M2")
def test_shares_are_of_the_passages_that_are_long_enough() -> None:
    found = report([True, False, None, False], [False, False, None, False])
    assert (found["passages"], found["after"]["value"], found["before"]["value"]) == (3, 1 / 3, 0.0)


@pytest.mark.case("ME-2")
def test_texts_are_begun_up_to_where_personal_data_was_taken_out() -> None:
    texts = ["Write to [EMAIL_1] or call [PHONE_1].", "Nothing here [1].", "[EMAIL_2] wrote."]
    assert beginnings(texts, 9) == ["Write to", "Write to [EMAIL_1] or call"]
    assert personal(["ann@example.org", "the desk"], lambda said: "@" in said) == {"asked": 2, "found": 1}
