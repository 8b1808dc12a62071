"""Every floor answers every row in the encoding of its labels, alike each time, and what it says is what it should."""

import json
from typing import Any

import pandas as pd
import pytest

from retune.core import parts
from retune.core.targets import answers, entities
from retune.modeling.floors.tfidf import tfidf

FLOORS = parts.load_all("retune.modeling.floors")
TEXTS = ["vpn drops", "vpn is slow", "no vpn at home", "printer jams", "printer out of toner", "printer prints blank"]
LABELS = ["vpn"] * 3 + ["printer"] * 3
TOLD = "Ada Lovelace met Dr Babbage. They talked in London! Was it late? Nobody knows."


def rows(texts: list[str], labels: list[str], contexts: list[str] | None = None) -> pd.DataFrame:
    ids = [f"{place:03}" for place in range(len(texts))]
    return pd.DataFrame(
        {"example_id": ids, "text": texts, "context": contexts or [""] * len(texts), "label": labels}, dtype="str"
    )


class Untuned:
    """Says the text again; its probe says vpn to everything."""

    def untuned(self) -> Any:
        return self

    def predict(self, texts: list[str], contexts: list[str]) -> pd.DataFrame:
        told = [f"{text}{context}" for text, context in zip(texts, contexts, strict=True)]
        return pd.DataFrame({"prediction": told}, dtype="str")

    def losses(self, asked: pd.DataFrame) -> tuple[list[float], list[int]]:
        return [1.0] * len(asked), [2] * len(asked)

    probe: Any = "fitted"

    def probe_predict(self, texts: list[str]) -> pd.DataFrame:
        return pd.DataFrame({"prediction": ["vpn"] * len(texts)}, dtype="str")


def said(name: str, learnt: pd.DataFrame, asked: pd.DataFrame) -> list[str]:
    found: list[str] = FLOORS[name].answer(learnt, asked, Untuned())
    assert found == FLOORS[name].answer(learnt, asked.assign(label=""), Untuned()), "it never looks at what is right"
    return found


def named(text: str, *surfaces: tuple[str, str]) -> str:
    places = [(text.index(surface), surface, kind) for surface, kind in surfaces]
    return json.dumps([{"start": at, "end": at + len(surface), "type": kind} for at, surface, kind in places])


@pytest.mark.parametrize("name", FLOORS)
def test_a_floor_answers_every_row_in_text_and_has_a_name(name: str) -> None:
    label = {"longest_match": "[]", "tfidf_per_label": '["vpn"]'}.get(name, "vpn")
    learnt = rows(TEXTS, [label] * 6)
    assert FLOORS[name].NAME
    for asked in (rows(["", "my vpn", "zzz"], ["vpn"] * 3, ["", "", "One. Two."]), rows([], [])):
        found = said(name, learnt, asked)
        assert len(found) == len(asked)
        assert all(isinstance(one, str) for one in found)


def test_the_floor_learns_from_words() -> None:
    assert tfidf(TEXTS, LABELS, ["my vpn", "the printer"]) == ["vpn", "printer"]
    asked = rows(["my vpn", "the printer"], ["", ""])
    assert said("tfidf", rows(TEXTS, LABELS), asked) == ["vpn", "printer"]


def test_unknown_words_are_answered_with_a_known_label() -> None:
    assert set(tfidf(TEXTS, LABELS, ["", "zzz", "vpn printer"])) <= set(LABELS)


def test_one_label_is_the_answer_to_everything() -> None:
    assert tfidf(["a b", "c d"], ["x", "x"], ["e"]) == ["x"]


def test_each_label_of_several_is_learnt_by_itself() -> None:
    learnt = rows([*TEXTS, "printer over vpn", "lunch at noon", "lunch again"],
                  [*(f'["{label}"]' for label in LABELS), '["printer", "vpn"]', "[]", "[]"])  # fmt: skip
    asked = rows(["printer over vpn", "lunch at noon", "vpn drops"], [""] * 3)
    assert said("tfidf_per_label", learnt, asked) == ['["printer", "vpn"]', "[]", '["vpn"]']


def test_the_most_frequent_answer_is_given_to_all() -> None:
    assert said("most_frequent", rows(TEXTS, [*LABELS[1:], "vpn", "vpn"][:6]), rows(["x", "y"], ["", ""])) == [
        "printer", "printer"]  # fmt: skip


def test_entities_are_known_by_the_words_that_named_them() -> None:
    learnt = rows(
        ["Ada Lovelace met Ada.", "Ada wrote to London.", "May I come in May?", "May we?"],
        [
            named("Ada Lovelace met Ada.", ("Ada Lovelace", "PER")),
            named("Ada wrote to London.", ("Ada", "PER"), ("London", "LOC")),
            named("May I come in May?", ("May?"[:3], "DATE")),
            "[]",
        ],
    )
    (found,) = said("longest_match", learnt, rows(["In May Ada Lovelace left London."], [""]))
    parsed = [("In May Ada Lovelace left London."[one.start : one.end], one.type) for one in entities.parse(found)]
    assert parsed == [("Ada Lovelace", "PER"), ("London", "LOC")], "May names something once in three times"


def test_the_sentence_with_most_words_of_the_question_answers_it() -> None:
    (found,) = said("sentence_overlap", rows([], []), rows(["Where was it that they talked?"], [""], [TOLD]))
    assert answers.parse(found) == (answers.Answer("They talked in London!", TOLD.index("They")),)


def test_lead_3_and_the_copy_are_what_they_are_called() -> None:
    asked = rows([TOLD, "東京。大阪。京都。奈良。"], ["", ""])
    assert said("lead3", asked, asked) == [TOLD.rpartition(" Nobody")[0], "東京。 大阪。 京都。"]
    assert said("copy", asked, asked) == list(asked["text"])


def test_a_model_without_a_probe_has_no_such_floor() -> None:
    toy = Untuned()
    toy.probe = None
    assert FLOORS["probe"].answer(rows([], []), rows(["x"], [""]), toy) is None


def test_the_untuned_model_is_asked_with_the_context_and_tells_what_rows_cost_it() -> None:
    asked = rows(["why?"], ["x"], ["because"])
    assert said("untuned", asked, asked) == ["why?because"]
    assert FLOORS["untuned"].losses(asked, Untuned()) == ([1.0], [2])
