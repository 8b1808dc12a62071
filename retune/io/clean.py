"""Whether rows came through redaction and its gates: dvc.lock records what each stage read and wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from retune.core.errors import GateError, UserError
from retune.io import lockfile
from retune.io.files import md5_file, read_json
from retune.io.place import Place
from retune.io.settings import read_yaml

GATES = ("remaining_pii", "remaining_secret")
PASSAGE = ("redact", "gate")  # that a row has to come through


def refuse_unredacted(root: Path, model: str) -> None:
    """Raise UserError or GateError unless the model's split, byte for byte, came through redaction and its gates.

    The gates on remaining personal data and secrets must stop the pipeline where they find some, and have passed.
    """
    place = Place(root, model)
    lock = root / "dvc.lock"
    stages: dict[str, Any] = read_yaml(lock).get("stages", {}) if lock.exists() else {}
    outs = {path: (name, md5) for name, entry in stages.items() for path, md5 in _hashes(entry, "outs")}
    for side in ("train", "validation"):
        path = (place.model / "split" / f"{side}.parquet").relative_to(root).as_posix()
        if outs.get(path, ("", ""))[1] != md5_file(root / path):
            raise _unsure(f"{path} is not what the step split wrote")
        passed = set(_before(path, outs, stages))
        missing = [name for name in PASSAGE if name not in passed]
        if missing:
            raise _unsure(f"{path} did not come through {' and '.join(missing)}")
    _refuse_weak(place, outs)


def _before(path: str, outs: dict[str, tuple[str, str]], stages: dict[str, Any]) -> Iterator[str]:
    """Yield the stages that a file came through; UserError where one read other bytes than the one before it wrote."""
    waiting, seen = [path], set()
    while waiting:
        name, _ = outs[waiting.pop()]
        if name in seen:
            continue
        seen.add(name)
        yield name
        for dependency, md5 in _hashes(stages[name], "deps"):
            if dependency not in outs:
                continue
            if outs[dependency][1] != md5:
                raise _unsure(f"{name} read another {dependency} than {outs[dependency][0]} has written since")
            waiting.append(dependency)


def _refuse_weak(place: Place, outs: dict[str, tuple[str, str]]) -> None:
    """Raise GateError unless the gates on what redaction may have missed have passed, and would have stopped us."""
    verdict = place.corpus / "gate" / "verdict.json"
    path = verdict.relative_to(place.root).as_posix()
    if not verdict.exists() or outs.get(path, ("", ""))[1] != md5_file(verdict):
        raise _unsure(f"{path} is not what the gate wrote")
    found = read_json(verdict)
    checks = {check["gate"]: check for check in found["checks"]}
    weak = [
        f"{gate} {'does not stop the pipeline' if gate in checks else 'was not asked'}: before rows may be sent to a "
        f"service, corpus.gate.limits.{gate} needs level: block"
        for gate in GATES
        if checks.get(gate, {}).get("level") != "block"
    ]
    failed = [checks[gate]["reason"] for gate in GATES if gate in checks and checks[gate]["status"] != "pass"]
    if weak or failed or not found["passed"]:
        raise GateError("the gate on documents", [*weak, *failed, *found["reasons"], "nothing was sent"])


def _hashes(entry: lockfile.Entry, side: str) -> list[tuple[str, str]]:
    """Return path and hash of what a stage read or wrote."""
    return list(lockfile.hashes(entry.get(side, [])).items())


def _unsure(found: str) -> UserError:
    """Return the error for rows of which nobody can say that they were redacted."""
    return UserError(
        expected="rows that came through redaction and its gates",
        found=found,
        todo="Run `make pipeline`: it brings every step up to date first. Nothing was sent.",
    )
