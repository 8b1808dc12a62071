"""A toy project in which every stage runs in seconds: a few documents, sixty tickets, and a base of two layers."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from retune.core.params.resolve import ResolveParams
from tasks.resolve import resolve
from tests.modeling.conftest import TOY_SETTINGS, make_base, toy_rows
from tests.stages import MODEL, make_root

PER_LABEL = 20
CHANGES: dict[str, Any] = {
    "corpus.ingest.workers": 1,
    "corpus.gate.limits.row_count.minimum": 10,
    "corpus.gate.limits.quarantined_share.maximum": 0.5,
    f"models.{MODEL}.gate.limits.row_count.minimum": 20,
    f"models.{MODEL}.split.largest_group_share": 0.5,
    f"models.{MODEL}.train": {
        **TOY_SETTINGS,
        "method_settings": {"rank": 4, "alpha": 8, "dropout": 0.0, "target": "all_linear"},
    },
    f"models.{MODEL}.release.thresholds": {"accuracy": 0.1, "macro_f1": 0.1},
}


def make_documents(folder: Path) -> Path:
    """Write tickets with three labels, two pages, a page with an address in it, and a file of zero bytes."""
    (folder / "tickets").mkdir(parents=True)
    rows = toy_rows(PER_LABEL)
    lines = [
        json.dumps({"ticket_id": one.example_id, "created": "", "subject": "", "body": one.text, "queue": one.label})
        for one in rows.itertuples()
    ]
    (folder / "tickets" / "desk.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "page.md").write_text("# Harbour\n\nThe harbour opens at six in the morning.\n", encoding="utf-8")
    (folder / "note.txt").write_text("Write to ada@example.com, she keeps the keys of the shed.\n", encoding="utf-8")
    (folder / "empty.txt").write_bytes(b"")
    return folder


def change_settings(root: Path, changes: dict[str, Any]) -> None:
    """Change settings by their dotted names."""
    params = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    for name, value in changes.items():
        *path, last = name.split(".")
        place = params
        for key in path:
            place = place[key]
        place[last] = value
    (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def make_toy(root: Path) -> Path:
    """Make the toy project without a base; nothing has run yet."""
    make_root(root, make_documents(root.parent / "documents"))
    change_settings(root, CHANGES)
    return root


def pin_base(root: Path) -> Path:
    """Give the toy project its base, pin it as the flow does, and return the pinned identity's file."""
    base = str(make_base(root.parent / "tiny-base"))
    change_settings(root, {f"models.{MODEL}.resolve.base": base})
    pinned = root / "artifacts" / "models" / MODEL / "resolve" / "base.json"
    resolve(root=root, model=MODEL, params=ResolveParams(base=base, revision=None, licences=()))
    return pinned


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Return a toy project of the test's own."""
    return make_toy(tmp_path / "root")
