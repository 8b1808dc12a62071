"""`retune status`: which version answers, how good it is, what drifted, what is out of date, how the last run ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune.cli.options import AsJson, print_json
from retune.core.errors import EXIT_MEANINGS, EXIT_SUCCESS

if TYPE_CHECKING:
    from tasks.status import ModelStatus

PANEL = "Look"


def main(as_json: AsJson = False) -> int:
    """Shows how each model stands, and whether a run would do anything; changes nothing."""
    from dataclasses import asdict

    from retune.project import read_project
    from tasks.status import status

    root = Path.cwd()
    found = status(root=root, project=read_project(root))
    if as_json:
        print_json(asdict(found))
        return EXIT_SUCCESS
    for model in found.models:
        print("\n".join(lines_of(model)))
        print(f"  base         {found.bases.get(model.model, 'none is pinned yet')}")
    changed = f"out of date: {', '.join(found.out_of_date)}" if found.out_of_date else "every stage is up to date"
    print(f"stages         {changed}")
    print(f"last run here  {_ended(found.last_run)}")
    return EXIT_SUCCESS


def lines_of(model: ModelStatus) -> list[str]:
    """Return what a person reads of one model."""
    champion = model.aliases.get("champion")
    since = f"since {model.since}" if model.since else "moved past the record (retune doctor)"
    stands = f"champion version {champion} {since}" if champion else "no champion"
    others = [f"{name} version {number}" for name, number in model.aliases.items() if name != "champion"]
    scores = [f"{name} {value:.3f}" for name, value in sorted(model.scores.items()) if name != "rows"]
    lines = [f"{model.model}: {', '.join([stands, *others])}"]
    lines += [f"  WITHDRAWN    it answers until it is replaced: {model.withdrawn}"] * bool(model.withdrawn)
    lines += [f"  scores       {', '.join(scores)}"] * bool(scores)
    lines += [f"  decided      {model.decision}"] * bool(model.decision)
    return [*lines, *(f"  {source:12} {verdict}" for source, verdict in model.windows.items())]


def _ended(last: dict[str, Any]) -> str:
    """Say how the last run ended."""
    if not last:
        return "none yet"
    where = [failure["where"] for failure in last["failures"]]
    stopped = f", stopped at {', '.join(where)}" if where else ""
    return f"{EXIT_MEANINGS[last['exit_code']]} (exit code {last['exit_code']}) after {last['seconds']:.0f} s{stopped}"
