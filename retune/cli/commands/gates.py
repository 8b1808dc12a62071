"""`retune gates`: what each gate on the data said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retune.cli.options import AsJson, ModelNames, print_json
from retune.core.errors import EXIT_GATE, EXIT_SUCCESS, UserError

PANEL = "Look"
ORDER = ("fail", "not_run", "warn", "pass")


def main(model: ModelNames = None, as_json: AsJson = False) -> int:
    """Shows every check of the gates on documents and examples; exit code 3 where one says no."""
    from retune.project import chosen, read_project

    root = Path.cwd()
    models = chosen(read_project(root), model or [])
    found = verdicts(root / "artifacts", list(models))
    if not found:
        raise UserError(expected="what a gate said", found="no verdict yet", todo="Run `make pipeline`.")
    if as_json:
        print_json(found)
    else:
        print("\n".join(line for subject, verdict in found.items() for line in lines(subject, verdict)))
    return EXIT_SUCCESS if all(verdict["passed"] for verdict in found.values()) else EXIT_GATE


def verdicts(artifacts: Path, models: list[str]) -> dict[str, Any]:
    """Return the verdict of the gate on the documents and of those on the models' examples, where there is one."""
    import json

    places = {"documents": artifacts / "corpus"}
    places |= {f"examples of {model}": artifacts / "models" / model for model in models}
    files = {subject: folder / "gate" / "verdict.json" for subject, folder in places.items()}
    return {subject: json.loads(path.read_text("utf-8")) for subject, path in files.items() if path.exists()}


def lines(subject: str, verdict: dict[str, Any]) -> list[str]:
    """Return a gate's verdict as a person reads it, what stopped the pipeline first."""
    checks = sorted(verdict["checks"], key=lambda check: (ORDER.index(check["status"]), check["gate"]))
    passed = sum(check["status"] == "pass" for check in checks)
    word = "lets them pass" if verdict["passed"] else "says no"
    head = f"The gate on the {subject} {word}: {passed} of {len(checks)} checks passed"
    return [head, *(_line(check) for check in checks)]


def _line(check: dict[str, Any]) -> str:
    """Return one check: its verdict, whether it can stop the pipeline or only warn, and what was measured."""
    level = {"block": "stops", "warn": "warns"}.get(check.get("level", ""), "")
    return f"  {check['status'].replace('_', ' '):8} {level:6} {check['gate']:20} {check.get('reason', '')}"
