"""How long it takes to say which versions saw a document, of 100,000 documents and ten versions.

Each question is a whole run of the command, beside the same question to the tables themselves, read with pandas.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.page import table
from retune.core.lineage import LINKS, Link, Name, Training
from retune.io.files import write_frame
from retune.io.lineage import index_file, writing

ROOT = Path(__file__).parent.parent
DOCUMENTS, VERSIONS, ROUNDS = 100_000, 10, 7
LAYERED = {2: 1, 3: 2}  # versions that continue another
SIDES = ("train", "train", "train", "validation", "test")
QUESTIONS = {
    "a document": ["--document", "tickets:77777"],
    "a file of 1,000 documents": ["--source", "tickets/077.csv"],
    "an example": ["--example", "0000000000012fd1"],
    "a version": ["--version", "3"],
    "a version with all its examples": ["--version", "9", "--json"],
}
HEAVY = ("mlflow", "pandas", "numpy", "pyarrow", "prefect", "dvc")
ASK = """
import sys
from retune.cli.main import main
code = main(sys.argv[1:])
print(*sorted({heavy} & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""
PEER = """
import sys, pandas
for path in sys.argv[2:]:
    links = pandas.read_parquet(path)
    print(path, links[(links.document_id == sys.argv[1]) & (links.side != "")].side.tolist())
"""


def measure() -> dict[str, Any]:
    """Return the seconds of each question, by the clock and of the processor, and what making the index costs."""
    with tempfile.TemporaryDirectory(prefix="retune-lineage-") as folder:
        root = Path(folder)
        (root / "params.yaml").touch()
        seconds = _fill(root)
        tables = _tables(root)
        asked: dict[str, Callable[[], str]] = {
            **{name: partial(_ask, root, words) for name, words in QUESTIONS.items()},
            "a document, by pandas": partial(_run, root, PEER, ["tickets:77777", *tables]),
        }
        wall: dict[str, list[float]] = {name: [] for name in asked}
        processor: dict[str, list[float]] = {name: [] for name in asked}
        imported = set[str]()
        for _ in range(ROUNDS):
            for name, ask in asked.items():
                started, before = time.monotonic(), _children()
                said = ask()
                wall[name].append(time.monotonic() - started)
                processor[name].append(_children() - before)
                imported |= set(said.split()) if name in QUESTIONS else set()
        size = index_file(root).stat().st_size
    return {
        "documents": DOCUMENTS,
        "versions": VERSIONS,
        "rounds": ROUNDS,
        "median_seconds": {name: round(statistics.median(found), 3) for name, found in wall.items()},
        "slowest_seconds": {name: round(max(found), 3) for name, found in wall.items()},
        "median_cpu_seconds": {name: round(statistics.median(found), 3) for name, found in processor.items()},
        "heavy_libraries_imported": sorted(imported),
        "seconds_to_add_a_version": round(statistics.median(seconds), 2),
        "index_mb": round(size / 1e6, 1),
    }


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    kinds = ("median_seconds", "slowest_seconds", "median_cpu_seconds")
    rows = [[name, *(f"{measured[kind][name]:.2f} s" for kind in kinds)] for name in measured["median_seconds"]]
    head = ["`retune lineage`, asked for", f"median of {measured['rounds']}", "slowest", "processor time, median"]
    return [
        *table(head, rows),
        "",
        _costs(measured),
    ]


def _children() -> float:
    """Return the processor seconds of all child processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _costs(measured: dict[str, Any]) -> str:
    """Return what the index is made of and costs, in one line."""
    imported = ", ".join(measured["heavy_libraries_imported"]) or f"none of {', '.join(HEAVY)}"
    return (
        f"{measured['documents']:,} documents in each of {measured['versions']} versions. The index takes "
        f"{measured['index_mb']} MB, and {measured['seconds_to_add_a_version']} s to add a version to. "
        f"Imported to answer: {imported}."
    )


def _links(version: int) -> Iterator[Link]:
    """Yield one example of each document, on a side that depends on both."""
    for number in range(DOCUMENTS):
        side = SIDES[(number + version) % len(SIDES)]
        yield Link(f"tickets:{number}", f"tickets/{number // 1000:03}.csv", "internal", f"{number:016x}", side)


def _fill(root: Path) -> list[float]:
    """Add each version to the index and return how long each took."""
    seconds = []
    with writing(root) as index:
        for version in range(1, VERSIONS + 1):
            parent = Name("ticket-router", str(LAYERED[version])) if version in LAYERED else None
            training = Training(f"run{version}", Name("ticket-router", str(version)), "2026-01-01", parent=parent)
            links = list(_links(version))
            started = time.monotonic()
            index.record(training, links)
            seconds.append(time.monotonic() - started)
    return seconds


def _tables(root: Path) -> list[str]:
    """Write the tables of links as the runs in MLflow hold them, and return their paths."""
    paths = [root / f"{version}.parquet" for version in range(1, VERSIONS + 1)]
    for version, path in enumerate(paths, start=1):
        write_frame(path, pd.DataFrame(_links(version), columns=list(LINKS)), LINKS)
    return [str(path) for path in paths]


def _ask(root: Path, words: list[str]) -> str:
    """Ask the command line a question and return which heavy libraries it imported."""
    return _run(root, ASK.format(heavy=set(HEAVY)), ["lineage", *words])


def _run(root: Path, script: str, words: list[str]) -> str:
    """Run a script in a fresh process, whose answer must come, and return what it said beside it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("RETUNE_STATE", None)
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True, text=True)
    assert done.stdout
    return done.stderr
