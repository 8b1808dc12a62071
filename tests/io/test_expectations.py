"""Every gate, measured by Great Expectations, just within its limit and just beyond it."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from retune.core.gating import SUBJECTS, Limit, Measurement, decide, gates
from retune.core.params.validate import DocumentRules, ExampleRules, RowRules, rules_for
from retune.io.expectations import Measured, Table, measure, measure_tables
from tests.core.gates.toys import RULES, documents, examples

ROWS = 40
DOCUMENT_RULES = DocumentRules.model_validate({name: RULES[name] for name in rules_for("documents").model_fields})
EXAMPLE_RULES = ExampleRules.model_validate({name: RULES[name] for name in rules_for("examples").model_fields})
CANARY = "kanarienvogel.7731@example.org"
TWO_OF_FORTY = Limit(level="block", maximum=0.05)
LIMITS = dict.fromkeys((name for kinds in SUBJECTS.values() for kind in kinds for name in gates(kind)), TWO_OF_FORTY)
LIMITS |= dict.fromkeys(("remaining_pii", "remaining_secret"), Limit(level="block", maximum=2))
LIMITS |= {"row_count": Limit(level="block", minimum=ROWS), "class_balance": Limit(level="block", maximum=0.48)}


def plant(frame: pd.DataFrame, start: int, number: int, **cells: str) -> None:
    """Give `number` rows from `start` other cells."""
    for name, value in cells.items():
        frame.loc[list(range(start, start + number)), name] = value


def spoilt_documents(number: int) -> pd.DataFrame:
    """Return documents with `number` defects of each kind, each in rows of its own."""
    frame = documents(ROWS)
    plant(frame, 0, number, text="  ")
    plant(frame, 3, number, text="too short")
    plant(frame, 6, number, text="far too long " * 20)
    plant(frame, 9, number, language="fr")
    plant(frame, 12, number, access_label="restricted")
    plant(frame, 15, number, text="You are a wazzock and everybody here knows it")
    plant(frame, 18, number, title=f"Minutes for {CANARY}")
    plant(frame, 21, number, metadata='{"note": "https://deploy:hunter2secret@git.example.org/x"}')
    plant(frame, 24, number, cluster_id="doc-30")
    return frame


def spoilt_files(number: int) -> pd.DataFrame:
    """Return files, `number` of them in quarantine."""
    status = ["quarantined"] * number + ["accepted"] * (ROWS - number)
    return pd.DataFrame({"source_path": [f"{at:02}.md" for at in range(ROWS)], "status": status})


def spoilt_examples(number: int) -> pd.DataFrame:
    """Return examples with `number` defects of each kind, each in rows of its own."""
    frame = examples(ROWS)
    plant(frame, 0, number, text="  ")
    frame.loc[[3, 4, 5][:number], "text"] = ["short one", "short two", "short three"][:number]
    frame.loc[[6, 7, 8][:number], "text"] += [f" and so on {at}" * 20 for at in range(number)]
    plant(frame, 9, number, label="")
    plant(frame, 12, number, label=CANARY)
    plant(frame, 15, number, text=str(frame.loc[30, "text"]), label=str(frame.loc[30, "label"]))
    plant(frame, 18, number, text="The same words with labels that differ")
    frame.loc[[18, 19, 20][:number], "label"] = ["a", "b", "a"][:number]
    frame.loc[[21, 22, 23][:number], "label"] = ["rare", "odd", "lone"][:number]
    plant(frame, 25, number, fault="the label is not JSON")
    plant(frame, 31, 2 * (number - 2), label="a")
    return frame


@dataclass(frozen=True)
class Outcome:
    """What was measured within the limits or beyond them."""

    by_gate: dict[tuple[str, str], Measurement]  # by subject and gate
    documents: Measured
    examples: Measured
    docs: Path


def outcome(number: int, rows: int, docs: Path) -> Outcome:
    """Measure tables with `number` defects of each kind, cut to `rows` rows."""
    tables = [
        Table("files", spoilt_files(number), "source_path", RowRules()),
        Table("documents", spoilt_documents(number).head(rows), "document_id", DOCUMENT_RULES),
        Table("examples", spoilt_examples(number).head(rows), "example_id", EXAMPLE_RULES),
    ]
    files, of_documents, of_examples = measure_tables(tables, docs=docs)
    subjects = {"documents": files.measurements + of_documents.measurements, "examples": of_examples.measurements}
    by_gate = {(subject, one.gate): one for subject, measured in subjects.items() for one in measured}
    return Outcome(by_gate, of_documents, of_examples, docs)


@pytest.fixture(scope="module")
def within(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return outcome(2, ROWS, tmp_path_factory.mktemp("within") / "docs")


@pytest.fixture(scope="module")
def beyond(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return outcome(3, ROWS - 1, tmp_path_factory.mktemp("beyond") / "docs")


EVERY_GATE = [(subject, name) for subject, kinds in SUBJECTS.items() for kind in kinds for name in sorted(gates(kind))]


@pytest.mark.case("DQ-1")
@pytest.mark.parametrize(("subject", "name"), EVERY_GATE)
def test_each_gate_passes_just_within_its_limit_and_fails_just_beyond(
    within: Outcome, beyond: Outcome, subject: str, name: str
) -> None:
    limit = {name: LIMITS[name]}
    assert decide([within.by_gate[subject, name]], limit).passed, within.by_gate[subject, name]
    verdict = decide([beyond.by_gate[subject, name]], limit)
    assert verdict.checks[0].status == "fail", beyond.by_gate[subject, name]


def test_rows_that_fell_are_named_with_their_reason_and_the_others_are_accepted(within: Outcome) -> None:
    rejected = within.documents.rejected
    fallen = {str(reason): sorted(rows["row_id"]) for reason, rows in rejected.groupby("reason")}
    assert fallen["empty_text"] == ["doc-00", "doc-01"]
    assert fallen["language"] == ["doc-09", "doc-10"]
    assert fallen["remaining_pii"] == ["doc-18", "doc-19"]
    assert "duplicate_share" not in fallen
    accepted = set(within.documents.accepted["document_id"])
    assert len(accepted) + rejected["row_id"].nunique() == ROWS
    assert accepted.isdisjoint(rejected["row_id"])


def test_equal_ids_do_not_take_each_other_down(tmp_path: Path) -> None:
    frame = examples(ROWS).assign(example_id="same")
    frame.loc[5, "label"] = ""
    measured = measure(frame, id_column="example_id", kind="examples", settings=EXAMPLE_RULES, docs=tmp_path / "docs")
    assert list(measured.rejected["reason"]) == ["missing_label"]
    assert len(measured.accepted) == ROWS - 1


def test_an_empty_table_fails_its_row_count_and_leaves_the_rest_unmeasured(tmp_path: Path) -> None:
    empty = documents(4).head(0)
    measured = measure(
        empty, id_column="document_id", kind="documents", settings=DOCUMENT_RULES, docs=tmp_path / "docs"
    )
    verdict = decide(measured.measurements, {one.gate: LIMITS[one.gate] for one in measured.measurements})
    status = {check.gate: check.status for check in verdict.checks}
    assert status.pop("row_count") == "fail"
    assert set(status.values()) == {"not_run"}


def test_a_missing_column_is_an_error_and_so_a_failed_gate(tmp_path: Path) -> None:
    frame = documents(4).drop(columns="language")
    measured = measure(
        frame, id_column="document_id", kind="documents", settings=DOCUMENT_RULES, docs=tmp_path / "docs"
    )
    (language,) = [one for one in measured.measurements if one.gate == "language"]
    assert (language.status, language.value) == ("error", None)
    assert "language" in language.detail
    assert decide([language], {"language": Limit(level="warn", maximum=1)}).checks[0].status == "not_run"


def test_data_docs_hold_no_value_that_was_found(beyond: Outcome) -> None:
    pages = [path.read_bytes() for path in beyond.docs.rglob("*") if path.is_file()]
    assert any(b"remaining_pii" in page for page in pages), "these are the pages"
    assert not any(value in page for page in pages for value in (CANARY.encode(), b"hunter2secret", b"wazzock"))


def test_data_docs_hold_nothing_of_the_clock(within: Outcome, tmp_path: Path) -> None:
    again = outcome(2, ROWS, tmp_path / "docs")
    assert contents(again.docs) == contents(within.docs)
    assert again.by_gate == within.by_gate


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file in a folder by its relative path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
