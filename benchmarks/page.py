"""The page docs/benchmarks.md, written from the results as they were measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from retune.core import parts
from retune.io.files import write_text

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Each is one file in `benchmarks/`, run by `make bench ARGS=name`, and its result is committed as measured, the bad
ones too. The machines are shared and noisy: compare what was measured in one run, and take absolute times as an order
of size. Results are in `benchmarks/results/`, with versions and machine; this page is written from them.
"""


def write() -> None:
    """Write the page from all results that are there."""
    sections = [HEAD]
    for path in sorted(RESULTS.glob("*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        benchmark = parts.find("benchmarks", path.stem)
        title = (benchmark.__doc__ or path.stem).split("\n\n")[0].replace("\n", " ").strip()
        told = benchmark.tell(result["measured"])
        sections.append("\n".join([f"## `{path.stem}`", "", title, "", *told, "", _machine(result)]))
    write_text(PAGE, "\n".join(sections).rstrip() + "\n")


def table(head: list[str], rows: list[list[Any]]) -> list[str]:
    """Return a table in markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]


def scores(measured: dict[str, Any]) -> list[str]:
    """Return a model's scores beside those of its floors on the same rows, and what tuning gained."""
    if "model" not in measured:
        return ["The model was not reached."]
    sides = {"tuned model": measured["model"], **measured["floors"]}
    rows = [[side, _interval(found["accuracy"]), _interval(found["macro_f1"])] for side, found in sides.items()]
    head = [f"on {measured['test_rows']} test rows", "accuracy (95 %)", "macro-F1 (95 %)"]
    return [*table(head, rows), "", measured["tuning"]]


def took(measured: dict[str, Any]) -> str:
    """Return what a run of the pipeline took and how it ended."""
    seconds = f"{measured['wall_seconds']:.0f} s wall, {measured['cpu_seconds']:.0f} s CPU"
    return f"The whole pipeline: {seconds}, exit code {measured['exit_code']}."


def _interval(score: dict[str, float]) -> str:
    """Return a score with its interval."""
    return f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})"


def _machine(result: dict[str, Any]) -> str:
    """Return what it was measured on, in one line."""
    machine, versions = result["machine"], result["versions"]
    return (
        f"*Measured on {machine['cores']} cores of {machine['processor']}, load {machine['load_before']} before, "
        f"Python {machine['python']}, torch {versions['torch']}, transformers {versions['transformers']}.*\n"
    )
