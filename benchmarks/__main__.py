"""Run benchmarks and keep their results: `python -m benchmarks [NAME ...]`, all of them without a name."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks import page
from benchmarks.machine import facts
from retune.core import parts
from retune.io.files import write_json

RESULTS = Path(__file__).parent / "results"
NOT_BENCHMARKS = {"machine", "checkout", "peers", "results", "page", "task_types"}


def main(names: list[str]) -> int:
    """Run each benchmark and write what it measured, with the machine and the versions, as measured."""
    known = [name for name in parts.names("benchmarks") if name not in NOT_BENCHMARKS]
    unknown = sorted(set(names) - set(known))
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    for name in names or known:
        print(f"--- {name}", flush=True)
        started = time.monotonic()
        measured = parts.find("benchmarks", name).measure()
        seconds = round(time.monotonic() - started, 1)
        write_json(RESULTS / f"{name}.json", {"benchmark": name, "seconds": seconds, **facts(), "measured": measured})
        print(f"    {seconds} s, kept in benchmarks/results/{name}.json", flush=True)
    page.write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
