"""The proof of a deletion: trained without the document, the model is byte for byte one that never saw it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from retune.core.forget import Request, taken_of, target_of
from retune.core.tombstones import tombstones
from retune.io import tombstones as stones
from retune.io.originals import erase_from, read_folder
from retune.project import read_project
from tests.bad_days.conftest import make_toy, pin_base
from tests.bad_days.killing import digests, outs_of
from tests.stages import CORPUS, MODEL, run_here
from tests.tasks.estate import KEY

pytestmark = pytest.mark.slow
STAGES = (*CORPUS, "examples", "gate_examples", "split", "train")
DESK = Path("data/tickets/desk.jsonl")


def trained(root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Run every stage up to the training in a folder, and return the hashes of the model's files and of its rows."""
    monkeypatch.chdir(root)
    for stage in STAGES:
        assert run_here(stage) == 0, stage
    return digests([*outs_of("train"), *outs_of("split"), *outs_of("examples")])


def learnt_row(root: Path) -> str:
    """Return the id of a ticket that the model learnt from."""
    import pandas as pd

    lineage = pd.read_parquet(root / "artifacts/models" / MODEL / "split/lineage.parquet")
    found: str = lineage.query("side == 'train'")["document_id"].iloc[3]
    return found


@pytest.mark.case("E2")
def test_a_retrain_without_a_document_is_the_model_that_never_saw_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RETUNE_STATE", raising=False)
    monkeypatch.setenv(stones.KEY_VARIABLE, KEY)
    one = make_toy(tmp_path / "one" / "root")
    pin_base(one)
    with_it = trained(one, monkeypatch)
    ticket = learnt_row(one)
    request = Request(documents=(ticket,))

    never = make_toy(tmp_path / "never" / "root")
    lines = (never / DESK).read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if f"tickets:{json.loads(line)['ticket_id']}" != ticket]
    assert len(kept) == len(lines) - 1
    (never / DESK).write_text("".join(kept), encoding="utf-8")
    shutil.copytree(one.parent / "tiny-base", never.parent / "tiny-base")
    _pin_as(one, never)
    never_saw_it = trained(never, monkeypatch)
    assert never_saw_it != with_it, "the document makes a difference, else there is nothing to prove"

    monkeypatch.chdir(one)
    params = read_project(one).corpus.ingest
    taken, marks = taken_of(list(read_folder(one / "data", params).files), request.marks)
    stones.write(stones.path_of(one), tombstones(marks, KEY.encode(), "main", "2026-11-22"))
    assert trained(one, monkeypatch) == never_saw_it, "kept out by its tombstone while the source still has it"
    erase_from(one / "data", target_of(taken, marks), params, erase=True)
    assert (one / DESK).read_bytes() == (never / DESK).read_bytes()
    assert trained(one, monkeypatch) == never_saw_it, "and after it left the source"


def _pin_as(one: Path, other: Path) -> None:
    """Pin the same base in another folder: a pinned identity names the folder that it lies in."""
    pinned = Path("artifacts/models") / MODEL / "resolve" / "base.json"
    (other / pinned).parent.mkdir(parents=True)
    shutil.copyfile(one / pinned, other / pinned)
    shutil.copyfile(one / "params.yaml", other / "params.yaml")
