"""validate measures and keeps, gate says no: on files, as DVC runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from retune.core.errors import GateError, IntegrityError
from retune.core.frames import CLUSTERS, DOCUMENTS, FINDINGS, QUARANTINE, REJECTED
from retune.core.gating import Measurement, check_limits, document, gates
from retune.core.params.gate import GateParams
from retune.core.params.validate import ValidateParams, rules_for
from retune.core.targets import label
from retune.io.files import read_frame, read_json, write_frame, write_json
from retune.io.settings import read_section, read_yaml
from tasks.gate import gate
from tasks.validate import clustered, validate
from tests.conftest import CHECKOUT
from tests.core.gates.toys import RULES, documents

CANARY = "kanarienvogel.7731@example.org"
NAMES = sorted({*gates("files"), *gates("documents")})
LIMITS: dict[str, dict[str, Any]] = {name: {"level": "warn", "maximum": 1000} for name in NAMES}
PARAMS = ValidateParams.model_validate({"rules": {name: RULES[name] for name in rules_for("documents").model_fields}})


def corpus(folder: Path, frame: pd.DataFrame) -> dict[str, Path]:
    """Write the inputs of validate for some documents and one file in quarantine; return them by name."""
    paths = {name: folder / f"{name}.parquet" for name in ("clean", "findings", "clusters", "quarantine_clean")}
    refused = {"source_path": "torn.pdf", "reason": "corrupt", "detail": "no end", "todo": "Export it again."}
    found = {"document_id": "doc-00", "field": "text", "entity_type": "EMAIL", "start": 0, "end": 9}
    groups = frame[["document_id", "cluster_id"]].assign(text_sha256="00")
    groups["cluster_size"] = groups.groupby("cluster_id")["cluster_id"].transform("size")
    groups["kind"] = ["near_duplicate" if size > 1 else "unique" for size in groups["cluster_size"]]
    write_frame(paths["clean"], frame, DOCUMENTS)
    write_frame(paths["findings"], pd.DataFrame([found]), FINDINGS)
    write_frame(paths["clusters"], groups, CLUSTERS)
    write_frame(paths["quarantine_clean"], pd.DataFrame([refused | {"size_bytes": 3}]), QUARANTINE)
    return paths


def validated(folder: Path, frame: pd.DataFrame) -> Path:
    """Validate documents; return the folder with the outputs."""
    out = folder / "out"
    parquet = {name: out / f"{name}.parquet" for name in ("accepted", "rejected")}
    values = {name: out / f"{name}.json" for name in ("measurements", "counts")}
    validate(**corpus(folder, frame), **parquet, **values, data_docs=out / "data_docs", params=PARAMS)
    return out


def spoilt() -> pd.DataFrame:
    """Return documents of which one is restricted, two are alike and one was not redacted in three places."""
    frame = documents(12)
    frame.loc[1, "access_label"] = "restricted"
    frame.loc[3, "cluster_id"] = "doc-02"
    frame.loc[5, ["title", "text"]] = [f"From {CANARY}", f"Please write to {CANARY} about the plan for the quay"]
    frame.loc[5, "metadata"] = json.dumps({"sender": CANARY})
    return frame


def gated(out: Path, limits: dict[str, Any]) -> None:
    """Run the gate on what validate wrote."""
    params = GateParams.model_validate({"limits": LIMITS | limits})
    gate(
        measurements=out / "measurements.json",
        rejected=out / "rejected.parquet",
        verdict=out / "verdict.json",
        report=out / "report.html",
        params=params,
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return validated(tmp_path_factory.mktemp("validated"), spoilt())


def test_every_document_is_accepted_or_rejected_with_a_reason(out: Path) -> None:
    counts, rejected = read_json(out / "counts.json"), read_frame(out / "rejected.parquet")
    assert (counts["rows_in"], counts["rows_out"], counts["rejected"]) == (12, 10, 2)
    assert counts["details"]["reasons"] == {"access_label": 1, "remaining_pii": 1}
    assert rejected[["row_id", "reason"]].to_numpy().tolist() == [
        ["doc-01", "access_label"],
        ["doc-05", "remaining_pii"],
    ]
    assert set(read_frame(out / "accepted.parquet").columns) == set(DOCUMENTS)


def test_what_was_measured_names_every_gate_and_holds_the_tables_of_the_report(out: Path) -> None:
    measured = read_json(out / "measurements.json")
    values = {one["gate"]: one["value"] for one in measured["measurements"]}
    assert sorted(values) == NAMES
    assert values["quarantined_share"] == 1 / 13
    assert values["duplicate_share"] == 1 / 12
    tables = measured["tables"]
    assert tables["Documents by department"]["rows"] == [["it", 12, 12, 10, 2]]
    assert tables["Files in quarantine"]["rows"] == [["torn.pdf", "corrupt", "no end", "Export it again."]]
    assert tables["Documents that repeat others"]["rows"] == [["doc-02, doc-03", "near duplicate", 2]]
    assert tables["All that came in"]["rows"] == [["files", 13, 12, 0, 1], ["documents", 12, 10, 2, 0]]


@pytest.mark.case("PII-3")
def test_a_value_that_redaction_missed_stops_the_gate_and_stands_in_no_file(out: Path) -> None:
    with pytest.raises(GateError, match="remaining_pii is 1"):
        gated(out, {"remaining_pii": {"level": "block", "maximum": 0}})
    files = [path for path in out.rglob("*") if path.is_file()]
    assert {"report.html", "verdict.json", "accepted.parquet", "index.html"} <= {path.name for path in files}
    for path in files:
        assert CANARY.encode() not in path.read_bytes(), path
    for path in out.glob("*.parquet"):
        assert CANARY not in read_frame(path).to_json(), path


@pytest.mark.case("DQ-2")
def test_the_report_stands_alone_and_names_the_rows_that_fell(out: Path) -> None:
    gated(out, {})
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "lets them pass" in page
    for told in ("doc-01", "doc-05", "torn.pdf", "Export it again.", "EMAIL 3"):
        assert told in page
    assert not [load for load in ("http://", "https://", "<script", "<link", "src=", "@import", "url(") if load in page]


def test_the_same_documents_give_the_same_bytes(out: Path, tmp_path: Path) -> None:
    again = validated(tmp_path, spoilt())
    for path in again.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (out / path.relative_to(again)).read_bytes(), path


def test_clusters_of_other_documents_are_refused() -> None:
    frame = documents(3)
    with pytest.raises(IntegrityError, match="run deduplicate again"):
        clustered(frame, frame.head(2))


@pytest.mark.case("DQ-2")
@pytest.mark.parametrize(("case", "exit_code"), [("no", 3), ("warned", 0), ("crash", 1), ("misspelt", 2)])
def test_a_no_of_the_gate_has_an_exit_code_of_its_own(tmp_path: Path, case: str, exit_code: int) -> None:
    checks = [Measurement(name, 0.5, "share", 2, 1, "measured") for name in NAMES]
    write_json(tmp_path / "measurements.json", document("documents", checks, {}))
    row = {"row_id": "doc-<7>", "reason": "language", "detail": "language fr", "gate": "language"}
    write_frame(tmp_path / "rejected.parquet", pd.DataFrame([row]), REJECTED)
    language = {"level": "warn" if case == "warned" else "block", "maximum": 0.1}
    limits = LIMITS | {"langauge" if case == "misspelt" else "language": language}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"corpus": {"gate": {"limits": limits}}}))
    if case == "crash":
        (tmp_path / "rejected.parquet").write_bytes(b"torn")
    run = stepped(tmp_path)
    assert run.returncode == exit_code, run.stderr
    if case == "no":
        assert "language is 50% (1 of 2 rows), at most 10% allowed" in run.stderr
        assert read_json(tmp_path / "verdict.json")["passed"] is False
        assert "doc-&lt;7&gt;" in (tmp_path / "report.html").read_text(encoding="utf-8")


def stepped(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the gate in a folder as a stage would."""
    inputs = ("--measurements", "measurements.json", "--rejected", "rejected.parquet")
    outputs = ("--verdict", "verdict.json", "--report", "report.html")
    command = [sys.executable, "-m", "tasks", "gate", "--params", "corpus.gate", *inputs, *outputs]
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.case("DQ-3")
def test_the_settings_that_come_with_the_project_stop_what_must_never_pass() -> None:
    settings = read_yaml(CHECKOUT / "params.yaml")
    corpus_gate = read_section(CHECKOUT / "params.yaml", "corpus.gate", GateParams).limits
    check_limits(corpus_gate, "documents")
    for name in ("remaining_pii", "remaining_secret"):
        assert (corpus_gate[name].level, corpus_gate[name].maximum) == ("block", 0)
    assert {corpus_gate["row_count"].level, corpus_gate["quarantined_share"].level} == {"block"}
    for model in settings["models"]:
        limits = read_section(CHECKOUT / "params.yaml", f"models.{model}.gate", GateParams).limits
        check_limits(limits, "examples", label.GATES)
        assert {limits[name].level for name in ("row_count", "missing_label", "class_balance")} == {"block"}
