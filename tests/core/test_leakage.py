import pandas as pd
import pytest

from retune.core.leakage import most_copies, report
from retune.core.params.evaluate import LeakageParams

PARAMS = LeakageParams(passage_words=13, passage_minimum_words=8, passage_share=0.8, copy_words=50)
WORDS = [f"w{number}" for number in range(200)]


def rows(**texts: str) -> pd.DataFrame:
    return pd.DataFrame({"example_id": list(texts), "text": list(texts.values()), "context": ""})


def test_a_test_row_that_stands_in_a_training_row_is_named() -> None:
    asked = rows(t1=" ".join(WORDS[:30]), t2=" ".join(WORDS[50:80]), t3="too short to tell")
    learnt = rows(a="Begin: " + " ".join(WORDS[:30]).upper() + ", end", b=" ".join(WORDS[100:130]))
    found = report(learnt, rows(c="too short to tell"), asked, PARAMS)
    assert (found["test_rows"], found["leaked_rows"], found["examples"]) == (3, 1, ["t1"])


def test_a_row_that_only_picked_the_best_step_leaks_too() -> None:
    text = " ".join(WORDS[:20])
    assert report(rows(a="other words"), rows(v=text), rows(t=text), PARAMS)["examples"] == ["t"]


def test_every_leaked_row_is_counted_not_only_the_one_held_most() -> None:
    asked = rows(t1=" ".join(WORDS[:20]), t2=" ".join(WORDS[20:40]))
    assert report(rows(a=" ".join(WORDS[:40])), rows(b=""), asked, PARAMS)["examples"] == ["t1", "t2"]


def test_a_passage_that_was_learnt_from_leaks_with_another_question_too() -> None:
    passage = " ".join(WORDS[:60])
    asked = rows(t1="who was it", t2="who was it").assign(context=[passage, " ".join(WORDS[100:160])])
    learnt = rows(a="when was it").assign(context=passage)
    assert report(learnt, rows(v="why"), asked, PARAMS)["examples"] == ["t1"]


@pytest.mark.case("M4")
def test_the_copies_of_a_span_of_50_words_are_counted_by_row() -> None:
    span = " ".join(WORDS[:50])
    texts = [f"first {span} end", f"Second: {span.upper()}!", " ".join(WORDS[1:51]), " ".join(WORDS[100:])]
    assert most_copies(texts, 50) == 2
    assert most_copies(texts[2:], 50) == 1
    assert most_copies([" ".join(WORDS[:49]), ""], 50) == 0
    assert most_copies(["ha " * 80], 50) == 1, "a row that repeats itself is one row"


def test_a_span_does_not_reach_from_one_row_into_the_next() -> None:
    halves = [" ".join(WORDS[:30]), " ".join(WORDS[30:60])]
    assert most_copies([*halves, *halves], 50) == 0
