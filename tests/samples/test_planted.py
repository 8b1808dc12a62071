"""The pipeline reports what samples/README.md says was planted: each row of its table, as often as it says, no more."""

import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from retune.io.files import read_frame
from tests.samples.test_documents import DOCUMENTS, read_planted
from tests.stages import MODEL, make_root, run_here

Reported = Counter[tuple[str, str, str]]  # by whom, as what, and the document or, for a whole file, its path
CORPUS = Path("artifacts/corpus")
ROUTER = Path("artifacts/models") / MODEL
OF_DOCUMENT = re.compile(r"document (\S+?)(?:\)| |$)")


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the sample documents were read, redacted and compared."""
    return run_in(make_root(tmp_path_factory.mktemp("samples") / "root", DOCUMENTS), "ingest", "redact", "deduplicate")


@pytest.fixture(scope="module")
def judged(read: Path) -> Path:
    """Return the same folder after its gates and its split."""
    return run_in(read, "validate", "gate", "examples", "gate_examples", "split")


def run_in(root: Path, *stages: str) -> Path:
    """Run stages in a folder; each must end well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.delenv("RETUNE_STATE", raising=False)
        for stage in stages:
            assert run_here(stage) == 0, stage
    return root


def expected(*stages: str) -> Reported:
    """Return what the table says that these stages report."""
    rows = [row for row in read_planted() if row["reported by"] in stages]
    return Counter({(row["reported by"], row["as"], row["id"] or row["where"]): int(row["count"]) for row in rows})


def places(root: Path) -> dict[str, str]:
    """Return what the table calls each document: the id where its file holds many, else the file's path."""
    documents = read_frame(root / CORPUS / "redact" / "clean.parquet")
    many = set(documents["source_path"][documents["kind"] == "row"])
    pairs = zip(documents["document_id"], documents["source_path"], strict=True)
    return {identity: identity if path in many else path for identity, path in pairs}


def reported(root: Path, stage: str, reasons: "pd.Series[str]", documents: "pd.Series[str]") -> Reported:
    """Return what a stage reported, in the table's words."""
    called = places(root)
    return Counter((stage, as_, called[identity]) for as_, identity in zip(reasons, documents, strict=True))


def rejected(root: Path, stage: str) -> Reported:
    """Return what the examples or the split rejected, by the document that the detail names first."""
    rows = read_frame(root / ROUTER / stage / "rejected.parquet")
    return reported(root, stage, rows["reason"], rows["detail"].str.extract(OF_DOCUMENT, expand=False))


def test_every_file_that_cannot_be_read_is_in_quarantine_and_no_other(read: Path) -> None:
    rows = read_frame(read / CORPUS / "ingest" / "quarantine.parquet")
    found = Counter(("ingest", reason, path) for reason, path in zip(rows["reason"], rows["source_path"], strict=True))
    assert found == expected("ingest")


def test_every_planted_value_is_found_as_often_as_it_stands_there_and_nothing_else(read: Path) -> None:
    rows = read_frame(read / CORPUS / "redact" / "findings.parquet")
    rows = rows[rows["field"] == "text"]
    assert reported(read, "redact", rows["entity_type"], rows["document_id"]) == expected("redact")


def test_beside_the_texts_only_mail_headers_and_the_columns_of_tickets_hold_values(read: Path) -> None:
    rows = read_frame(read / CORPUS / "redact" / "findings.parquet")
    in_text = set(
        zip(*(rows.loc[rows["field"] == "text", name] for name in ("document_id", "entity_type")), strict=True)
    )
    beside = rows[rows["field"] != "text"]
    headers = beside["document_id"].str.startswith("mail:") & (beside["entity_type"] == "EMAIL")
    repeated = beside["field"].isin(["title", "metadata.subject", "metadata.body"])
    assert headers.any()
    assert repeated.any()
    assert (headers | repeated).all(), beside[~(headers | repeated)]
    again = beside[repeated & ~headers]
    assert set(zip(again["document_id"], again["entity_type"], strict=True)) <= in_text


def test_every_repeated_document_is_in_a_cluster_and_no_other(read: Path) -> None:
    rows = read_frame(read / CORPUS / "deduplicate" / "clusters.parquet")
    rows = rows[rows["kind"] != "unique"]
    assert reported(read, "deduplicate", rows["kind"], rows["document_id"]) == expected("deduplicate")


@pytest.mark.slow
def test_the_gates_and_the_split_reject_what_was_planted_and_nothing_besides(judged: Path) -> None:
    rows = read_frame(judged / CORPUS / "validate" / "rejected.parquet")
    found = reported(judged, "validate", rows["reason"], rows["row_id"])
    found += rejected(judged, "examples") + rejected(judged, "split")
    assert found == expected("validate", "examples", "split")


def test_the_table_names_no_other_stage_than_those_compared_here() -> None:
    compared = {"ingest", "redact", "deduplicate", "validate", "examples", "split"}
    assert {row["reported by"] for row in read_planted()} == compared
