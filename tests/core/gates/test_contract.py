"""What every gate promises, whoever wrote it."""

from typing import Any

import pandas as pd
import pytest

from retune.core import parts, redaction
from retune.core.frames import DOCUMENTS, EXAMPLES
from retune.core.gating import PACKAGE, SUBJECTS, about
from retune.core.params.base import Settings
from retune.core.params.redact import RedactParams
from tests.core.gates.toys import RULES, documents, examples

GATES = parts.load_all(PACKAGE)
KINDS = {kind for kinds in SUBJECTS.values() for kind in kinds}
FRAMES = {
    "files": pd.DataFrame({"source_path": ["a.md", "b.md"], "status": ["accepted", "quarantined"]}),
    "documents": documents(4),
    "examples": examples(4),
}


def rules(name: str) -> Any:
    """Return the settings of a gate."""
    return GATES[name].Rules.model_validate(RULES[name]) if hasattr(GATES[name], "Rules") else None


@pytest.mark.parametrize("name", sorted(GATES))
def test_a_gate_says_what_it_is(name: str) -> None:
    gate = GATES[name]
    assert about(name).endswith(".")
    assert gate.APPLIES_TO
    assert gate.APPLIES_TO <= KINDS
    assert gate.UNIT in ("share", "count")
    assert not hasattr(gate, "Rules") or issubclass(gate.Rules, Settings)
    assert hasattr(gate, "detail") == gate.expectation(rules(name)).row_level


@pytest.mark.parametrize("rows", [0, 4])
@pytest.mark.parametrize("name", sorted(name for name in GATES if hasattr(GATES[name], "column")))
def test_a_gate_looks_at_every_row_and_changes_none(name: str, rows: int) -> None:
    for kind in GATES[name].APPLIES_TO:
        frame = FRAMES[kind].head(rows)
        before = frame.copy()
        column = GATES[name].column(frame, rules(name))
        assert list(column.index) == list(frame.index)
        pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("name", sorted(GATES))
def test_a_gate_asks_only_for_columns_that_its_tables_have(name: str) -> None:
    known = {
        "files": {"source_path", "status"},
        "documents": {*DOCUMENTS, "cluster_id"},
        "examples": {*EXAMPLES, "fault"},
    }
    for kind in GATES[name].APPLIES_TO:
        assert set(GATES[name].REQUIRES) <= known[kind]


def test_too_long_and_too_short_leave_the_empty_text_to_its_own_gate() -> None:
    blank = documents(1).assign(text="  \n ")
    assert GATES["text_too_short"].column(blank, rules("text_too_short")).isna().all()
    assert GATES["empty_text"].column(blank, None).isna().all()


def test_copies_on_different_given_sides_are_left_to_the_split() -> None:
    frame = examples(3).assign(text="How do I reset it", label="a", side=["train", "test", "test"])
    assert list(GATES["duplicate_example"].column(frame, None)) == [False, False, True]


def test_a_word_of_your_own_counts_as_toxic_and_a_part_of_a_word_does_not() -> None:
    frame = documents(3).assign(text=["A Wazzock wrote this", "the wazzockry of it", "you  MORON!"])
    assert list(GATES["toxic"].column(frame, rules("toxic"))) == [1, 0, 1]


def unprepared(frame: pd.DataFrame) -> list[Any]:
    return list(GATES["unprepared"].column(frame, GATES["unprepared"].Rules(minimum_examples=3)))


def test_classes_with_few_examples_are_told_where_completions_are_classes() -> None:
    frame = examples(12).assign(text=[f"{number} is asked" for number in range(12)])
    frame = frame.assign(label=[" yes"] * 9 + ["no"] * 2 + [" no"])
    assert unprepared(frame) == [None] * 12
    assert unprepared(frame.head(11)) == [None] * 9 + ["classes"] * 2
    assert unprepared(frame.assign(label=[f"{number} is said" for number in range(12)])) == [None] * 12


@pytest.mark.parametrize(
    ("cells", "check"),
    [
        ({"label": [f"ALL IN CAPITALS {number}" for number in range(9)]}, "completion_beginning"),
        ({"label": [f"{number} IN CAPITALS" for number in range(9)]}, "case"),
        ({"text": [f"Answer the question that follows: {number}" for number in range(9)]}, "prompt_beginning"),
        ({"text": "the same"}, "prompt_ending"),
        ({"label": "the same"}, "completion_ending"),
        ({"text": [f'[{{"role": "user", "content": "question {number}"}}]' for number in range(9)]}, None),
    ],
)
def test_what_prepare_would_say_of_a_file_is_told_of_examples(cells: dict[str, Any], check: str | None) -> None:
    plain = {
        "text": [f"{number} is asked" for number in range(9)],
        "label": [f"{number} is said" for number in range(9)],
    }
    frame = examples(9).assign(**{**plain, **cells})
    assert unprepared(frame) == [check] * 9


PLANTED = {
    "EMAIL": "write to jane.roe@example.org today",
    "PHONE": "call +44 20 7946 0958 after lunch",
    "CARD": "the card 4111 1111 1111 1111 was charged",
    "IBAN": "pay to DE89 3704 0044 0532 0130 00 please",
    "URL_CREDENTIALS": "see https://deploy:hunter2secret@git.example.org/x",
    "ACCESS_TOKEN": "token ghp_" + "a1B2c3D4" * 5 + " leaked",
}


@pytest.mark.case("PII-3")
@pytest.mark.parametrize("field", ["text", "title", "metadata"])
@pytest.mark.parametrize("kind", sorted(PLANTED))
def test_a_second_scan_finds_what_was_not_redacted_and_nothing_after_redaction(kind: str, field: str) -> None:
    raw = documents(1)
    raw[field] = f'{{"note": "{PLANTED[kind]}"}}' if field == "metadata" else PLANTED[kind]
    assert kind in scanned(raw)
    settings = RedactParams(recognizers=tuple(parts.names(redaction.PACKAGE)), regions=("GB",), keep=())
    redacted = redaction.redact({"text": PLANTED[kind]}, redaction.load(settings), settings).fields["text"]
    assert scanned(raw.assign(**{field: raw[field].str.replace(PLANTED[kind], redacted, regex=False)})) == ""


def scanned(frame: pd.DataFrame) -> str:
    """Return what both scans find in the first document."""
    found = [GATES[name].column(frame, rules(name)).iloc[0] for name in ("remaining_pii", "remaining_secret")]
    return " ".join(one for one in found if one)
