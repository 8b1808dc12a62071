"""The step redact: whole files without personal data, findings without values, and counts that add up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from retune.core import parts, redaction
from retune.core.frames import DOCUMENTS, FINDINGS, QUARANTINE
from retune.core.params.redact import RedactParams
from retune.io.files import read_frame, read_json, write_frame
from tasks.redact import redact

PARAMS = RedactParams(recognizers=tuple(parts.names(redaction.PACKAGE)), regions=("GB", "US"), keep=())
VALUES = ("ada@example.com", "020 7946 0958", "4111 1111 1111 1111", "bob@example.org")


def document(document_id: str, **cells: Any) -> dict[str, Any]:
    empty = {name: "" if kind == "string" else 0 for name, kind in DOCUMENTS.items()}
    return (
        empty | {"document_id": document_id, "explicit_id": False, "source_path": document_id, "metadata": "{}"} | cells
    )


def run(folder: Path, documents: list[dict[str, Any]], refused: list[dict[str, Any]]) -> dict[str, Path]:
    write_frame(folder / "documents.parquet", pd.DataFrame(documents, columns=list(DOCUMENTS)), DOCUMENTS)
    write_frame(folder / "quarantine.parquet", pd.DataFrame(refused, columns=list(QUARANTINE)), QUARANTINE)
    outs = {name: folder / f"{name}.parquet" for name in ("clean", "findings", "quarantine_clean")}
    outs["counts"] = folder / "counts.json"
    redact(documents=folder / "documents.parquet", quarantine=folder / "quarantine.parquet", params=PARAMS, **outs)
    return outs


@pytest.fixture
def outs(tmp_path: Path) -> dict[str, Path]:
    metadata = json.dumps({"from": "Ada <ada@example.com>", "card": "4111 1111 1111 1111", "queue": "billing"})
    documents = [
        document("hr/ada@example.com.md", title="Ada", text="Call 020 7946 0958, or ada@example.com"),
        document(
            "tickets:7",
            title="From bob@example.org",
            text="No value here",
            metadata=metadata,
            department="of bob@example.org",
        ),
        document("plain.md", text="Nothing to see", metadata='{"b": "2", "a": "é"}'),
    ]
    refused = [{"source_path": "cv/bob@example.org.pdf", "source_sha256": "0", "size_bytes": 1, "media_type": "a/b",
                "reason": "encrypted", "detail": "the file of bob@example.org", "todo": "ask"}]  # fmt: skip
    return run(tmp_path, documents, refused)


@pytest.mark.case("PII-2")
def test_no_value_is_in_any_output(outs: dict[str, Path]) -> None:
    for path in outs.values():
        written = path.read_text() if path.suffix == ".json" else read_frame(path).to_csv()
        assert not [value for value in VALUES if value in written], path


def test_every_field_of_a_document_is_clean_and_its_placeholders_agree(outs: dict[str, Path]) -> None:
    clean = read_frame(outs["clean"]).set_index("document_id")
    assert list(read_frame(outs["clean"]).columns) == list(DOCUMENTS)
    ticket = clean.to_dict("index")["tickets:7"]
    assert ticket["title"] == "From [EMAIL_1]"
    assert ticket["department"] == "of [EMAIL_1]"
    assert json.loads(ticket["metadata"]) == {"from": "Ada <[EMAIL_2]>", "card": "[CARD_1]", "queue": "billing"}
    assert json.loads(clean["metadata"]["plain.md"]) == {"a": "é", "b": "2"}


def test_an_id_or_path_that_holds_a_value_becomes_a_hash(outs: dict[str, Path]) -> None:
    clean = read_frame(outs["clean"])
    row = clean[clean["title"] == "Ada"].iloc[0]
    assert row["document_id"] == row["source_path"]
    assert len(row["document_id"]) == len("doc-") + 16
    assert row["document_id"].startswith("doc-")
    assert set(clean["document_id"]) - {row["document_id"]} == {"tickets:7", "plain.md"}


@pytest.mark.case("PII-5")
def test_findings_name_the_place_in_the_clean_field(outs: dict[str, Path]) -> None:
    findings, clean = read_frame(outs["findings"]), read_frame(outs["clean"]).set_index("document_id")
    assert list(findings.columns) == list(FINDINGS)
    for finding in findings.to_dict("records"):
        row, field = clean.loc[finding["document_id"]], finding["field"]
        if field == "document_id":
            continue
        text = json.loads(row["metadata"])[field.partition(".")[2]] if "." in field else row[field]
        assert text[finding["start"] : finding["end"]] == finding["placeholder"]


def test_the_quarantine_names_nobody(outs: dict[str, Path]) -> None:
    row = read_frame(outs["quarantine_clean"]).iloc[0]
    assert row["source_path"].startswith("doc-")
    assert row["detail"] == "the file of [EMAIL_1]"
    assert row["reason"] == "encrypted"


def test_counts_add_up_and_say_what_was_found(outs: dict[str, Path]) -> None:
    counts = read_json(outs["counts"])
    assert (counts["rows_in"], counts["rows_out"]) == (3, 3)
    assert counts["details"] == {
        "findings": 8,
        "findings_by_type": {"CARD": 1, "EMAIL": 6, "PHONE": 1},
        "documents_with_findings": 2,
    }


def test_the_same_documents_give_the_same_bytes_and_none_at_all_are_no_error(tmp_path: Path) -> None:
    documents = [document("a.md", text="ada@example.com"), document("b.md", text="bob@example.org")]
    first = {name: path.read_bytes() for name, path in run(tmp_path, documents, []).items()}
    assert first == {name: path.read_bytes() for name, path in run(tmp_path, documents[::-1], []).items()}
    assert read_json(run(tmp_path, [], [])["counts"])["details"]["documents_with_findings"] == 0
