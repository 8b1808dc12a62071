"""A checkout in which one person left traces everywhere: files, rows, messages, earlier states, MLflow, the log."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from retune.core.frames import LINEAGE, PROFILE, REAL, ROWS, TEXT, VECTOR, WHOLE
from retune.io import tombstones, traffic
from retune.io.files import md5_file, read_frame, write_frame
from retune.project import read_project
from tasks.ingest import ingest
from tasks.redact import redact
from tasks.release import release
from tasks.track import track
from tests.toy_checkout import MODEL, train_toy

KEY = "0123456789abcdef0123456789abcdef"
ADDRESS = "ada.byron@example.com"
TICKET, PAGE, MAIL = "tickets:a2", "people/ada.md", "mail/keys.eml"
BODY = "Please give the key of the harbour shed to ada.byron@example.com before Monday."
COPIED = "The harbour shed has a new lock and the old keys do not fit it any more."
TABLE = {"name": "tickets", "match": "tickets/*", "id": "ticket_id", "text": ["body"], "title": "", "date": ""}
FORM = "ticket_id,body,queue\na1,The printer on the second floor is out of paper again.,access\n{}a3,{},billing\n"
LETTER = (
    f"From: Bob <bob@example.org>\nTo: {ADDRESS}\nSubject: keys\nMessage-ID: <1@example.org>\n\nThe keys are here.\n"
)


def make_estate(root: Path, base: Path) -> Path:
    """Make the estate: version 1 without the person and version 2, the champion, which learnt from her ticket."""
    _settle(root)
    _write_data(root, f"a2,{BODY.replace('Monday', 'Friday')},access\n")
    dvc(root, "add", "--quiet", "data")
    _write_data(root, f"a2,{BODY},access\n")
    dvc(root, "add", "--quiet", "data")
    read_documents(root)
    for seed, ids in ((1, ["a1", "a3"]), (2, ["a1", "a2", "a3"])):
        _train(root, base, seed, ids)
    for path in (root / "artifacts").rglob("*.parquet"):  # as `dvc repro` leaves them
        _keep(root, path)
    dvc(root, "push", "--quiet")
    _log_traffic(root)
    return root


def _settle(root: Path) -> None:
    """Make the toy checkout a DVC one, with a remote and a log of traffic beside it."""
    (root / "data.dvc").unlink()
    dvc(root, "init", "--no-scm", "--quiet")
    dvc(root, "remote", "add", "--quiet", "--default", "far", str(root.parent / "remote"))
    params = yaml.safe_load((root / "params.yaml").read_text())
    params["corpus"]["ingest"]["parsing"]["tables"] = [TABLE]
    params["corpus"]["ingest"]["workers"] = 1
    params["traffic"]["uri"] = str(root.parent / "traffic")
    (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    (root / "dvc.yaml").write_text("stages: {}\n")
    tombstones.ensure(root)


def _write_data(root: Path, row: str) -> None:
    """Write the documents, with one row of the table as it is given."""
    files = {
        "tickets/desk.csv": FORM.format(row, COPIED),
        PAGE: f"Ada Byron keeps the list of all keys. Write to {ADDRESS}.\n",
        MAIL: LETTER,
        "page.md": "The harbour opens at six in the morning.\n",
    }
    for name, text in files.items():
        path = root / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)


def read_documents(root: Path) -> None:
    """Run the first two stages."""
    corpus, settings = root / "artifacts" / "corpus", read_project(root).corpus
    tables = {name: corpus / "ingest" / f"{name}.parquet" for name in ("documents", "files", "quarantine")}
    counts, seen = corpus / "ingest" / "counts.json", corpus / "ingest" / "seen.json"
    stones = tombstones.path_of(root)
    ingest(source=root / "data", tombstones=stones, **tables, counts=counts, seen=seen, params=settings.ingest)
    clean, findings, quarantine = (
        corpus / "redact" / f"{name}.parquet" for name in ("clean", "findings", "quarantine")
    )
    redact(
        documents=tables["documents"],
        quarantine=tables["quarantine"],
        clean=clean,
        findings=findings,
        quarantine_clean=quarantine,
        counts=corpus / "redact" / "counts.json",
        params=settings.redact,
    )


def _train(root: Path, base: Path, seed: int, ids: list[str]) -> None:
    """Train, register and promote a version that learnt from these tickets."""
    model = root / "artifacts" / "models" / MODEL
    test = read_frame(model / "split" / "lineage.parquet").query("side == 'test'")
    own = pd.DataFrame({"example_id": [f"x{one}" for one in ids], "document_id": [f"tickets:{one}" for one in ids]})
    write_frame(model / "split" / "lineage.parquet", pd.concat([test, own.assign(side="train", slices="{}")]), LINEAGE)
    texts = {"a1": "The printer", "a2": BODY.replace(ADDRESS, "[EMAIL]"), "a3": COPIED}
    rows = own.assign(text=[texts[one] for one in ids], label="access")
    write_frame(model / "split" / "train.parquet", rows.assign(context=""), ROWS)
    blank: dict[str, Any] = {TEXT: "", WHOLE: 1, REAL: 0.5, VECTOR: [0.0, 1.0]}
    empty = {name: [blank[kind]] * len(rows) for name, kind in PROFILE.items() if name not in rows}
    profile = pd.concat([rows, pd.DataFrame(empty)], axis=1).assign(words=rows["text"])
    write_frame(model / "profile" / "profile.parquet", profile, PROFILE)
    train_toy(root, base, seed=seed, answers="billing" if seed == 1 else "access", strength=float(seed))
    track(root=root, model=MODEL)
    params = read_project(root).models[MODEL].release
    release(root=root, model=MODEL, params=params, cause="by hand", now=datetime.now(UTC))


def _keep(root: Path, path: Path) -> None:
    """Put a file into DVC's cache and remote."""
    md5 = md5_file(path)
    for store in (root / ".dvc" / "cache" / "files" / "md5", root.parent / "remote" / "files" / "md5"):
        (store / md5[:2]).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, store / md5[:2] / md5[2:])


def _log_traffic(root: Path) -> None:
    """Log that somebody asked what the ticket says, and something else."""
    project = read_project(root)
    rows = pd.DataFrame({"text": [BODY, "The printer is empty."], "prediction": "access", "confidence": 0.9})
    traffic.append(project.traffic.uri, MODEL, "2", rows, redact=project.corpus.redact)


def dvc(root: Path, *arguments: str) -> None:
    """Run a command of DVC."""
    subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=root, check=True, capture_output=True)
