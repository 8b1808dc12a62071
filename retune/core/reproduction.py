"""What a training that was repeated gave: whether the scores agree, and which files have other bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from retune.core.fingerprint import hash_of
from retune.core.packages import reached

Stages = Mapping[str, Mapping[str, Any]]  # of a dvc.lock
SHOWN = 10  # files in lines; programs get all


@dataclass(frozen=True)
class Score:
    """One score of the test rows as it was recorded, with its interval, and as it came out again."""

    name: str
    recorded: float
    low: float
    high: float
    again: float

    @property
    def agrees(self) -> bool:
        """Tell whether the score came out within the interval in which it was known."""
        return self.low <= self.again <= self.high


@dataclass(frozen=True)
class Reproduction:
    """A version beside what its repeated training gave."""

    model: str
    version: str
    commit: str  # empty: the files of the checkout as they lie there
    scores: tuple[Score, ...]
    test_rows: int
    answered_otherwise: int  # test rows
    files: int  # that the stages wrote both times
    differing: tuple[str, ...]  # in the order of the stages
    packages: tuple[str, ...] = ()  # installed in another version than the one that was locked

    @property
    def agrees(self) -> bool:
        """Tell whether every score agrees, and there is one."""
        return bool(self.scores) and all(score.agrees for score in self.scores)

    def as_dict(self) -> dict[str, Any]:
        """Return it as a value that JSON can hold."""
        return {**asdict(self), "agrees": self.agrees, "is_equal": not self.differing}


def needed(stages: Stages, target: str) -> list[str]:
    """Return the stages that a stage stands on and itself, in the order of the lock."""
    wanted, waiting = set[str](), {target} & set(stages)
    while waiting:
        wanted |= waiting
        read = {dependency["path"] for name in waiting for dependency in stages[name].get("deps", [])}
        waiting = {name for name, stage in stages.items() if _writes(stage, read)} - wanted
    return [name for name in stages if name in wanted]


def inputs(stages: Stages, names: Iterable[str]) -> dict[str, str]:
    """Return path and hash of what these stages read and none of them writes: code, documents, pins."""
    entries = [stages[name] for name in names]
    read = {str(one["path"]): hash_of(one) for stage in entries for one in stage.get("deps", [])}
    return {path: md5 for path, md5 in read.items() if not any(_writes(stage, {path}) for stage in entries)}


def outs(stages: Stages, names: Iterable[str], *, uncached: Iterable[str]) -> dict[str, str]:
    """Return path and hash of what these stages write, but for what DVC does not keep: times of the clock."""
    left_out = set(uncached)
    written = [one for name in names for one in stages.get(name, {}).get("outs", [])]
    return {str(one["path"]): hash_of(one) for one in written if one["path"] not in left_out}


def scores(recorded: Mapping[str, Any], again: Mapping[str, Any]) -> tuple[Score, ...]:
    """Return the scores that have an interval, side by side, from two reports of an evaluation."""
    both = [(name, one, again["model"].get(name)) for name, one in recorded["model"].items()]
    return tuple(
        Score(name, one["value"], one["low"], one["high"], other["value"])
        for name, one, other in both
        if isinstance(one, dict) and isinstance(other, dict) and {"value", "low", "high"} <= set(one)
    )


def other_packages(lock: str, installed: Mapping[str, str]) -> list[str]:
    """Return the packages that a training reaches and that are installed in another version than the lock says.

    Builds of one version, such as 2.13.0+cpu, count as that version.
    """
    pins = [pin.partition(";")[0].strip().partition("==") for pin in reached(lock)]
    wanted: dict[str, set[str]] = {}
    for name, _, version in pins:
        wanted.setdefault(name, set()).add(version.partition("+")[0])
    found = {name: version.partition("+")[0] for name, version in installed.items()}
    return [
        f"{name} {found[name]}, locked {' or '.join(sorted(versions))}"
        for name, versions in sorted(wanted.items())
        if name in found and found[name] not in versions
    ]


def told(made: Reproduction) -> list[str]:
    """Return what came of it as lines for a person."""
    by = f"commit {made.commit[:12]}" if made.commit else "the files of this checkout"
    lines = [f"{made.model} {made.version}, trained again by {by}", *(_score_line(score) for score in made.scores)]
    lines.append(f"  {made.answered_otherwise} of {made.test_rows} test rows are answered otherwise")
    shown = [f"    {path}" for path in made.differing[:SHOWN]]
    more = [f"    and {len(made.differing) - SHOWN} more"] * (len(made.differing) > SHOWN)
    if made.differing:
        lines += [f"  {len(made.differing)} of {made.files} files have other bytes, first:", *shown, *more]
    else:
        lines.append(f"  all {made.files} files are the same, byte for byte")
    return lines + [f"  another package than locked: {package}" for package in made.packages]


def _score_line(score: Score) -> str:
    """Return one score as a line."""
    verdict = "equal" if score.recorded == score.again else "agrees" if score.agrees else "DOES NOT AGREE"
    interval = f"95 %: {score.low:.4f} to {score.high:.4f}"
    return f"  {score.name:12} {score.again:.4f}, recorded {score.recorded:.4f} ({interval}): {verdict}"


def _writes(stage: Mapping[str, Any], read: set[str]) -> bool:
    """Tell whether a stage writes one of these paths, or something that lies in or around it."""
    written = [str(one["path"]) for one in stage.get("outs", [])]
    return any(
        path == out or path.startswith(f"{out}/") or out.startswith(f"{path}/") for out in written for path in read
    )
