"""Writes docs/acceptance.md from what `pytest --acceptance FILE` left: `python -m tests.acceptance_page FILE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from retune.io.files import write_text

PAGE = Path(__file__).parent.parent / "docs" / "acceptance.md"
HEAD = """# Acceptance

What is promised by letter and number, and the tests that hold it: written from the marks of the tests and from one run
of the tests, `make test ARGS="--acceptance FILE"`, by `python -m tests.acceptance_page FILE`. What only `make test-all`
runs is not counted here. A case with a test that was skipped or failed is only partly held, and says so.

| case | state | tests | trials | seconds |
| --- | --- | --- | --- | --- |
"""


def main() -> None:
    """Write the page."""
    cases = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    write_text(PAGE, HEAD + "".join(_row(case, tests) for case, tests in sorted(cases.items(), key=_order)))


def _order(item: tuple[str, Any]) -> tuple[str, int]:
    """Sort GT-2 before GT-10, and K7 before K11."""
    letters = item[0].rstrip("0123456789")
    return letters, int(item[0][len(letters) :] or 0)


def _row(case: str, tests: dict[str, dict[str, Any]]) -> str:
    """Return one case's line: its tests by name, the parametrised ones once."""
    outcomes = {test["outcome"] for test in tests.values()}
    state = "held" if outcomes == {"passed"} else "partly" if "passed" in outcomes else "not held"
    names = sorted({name.partition("[")[0] for name in tests})
    shown = "<br>".join(f"`{name.removeprefix('tests/')}`" for name in names)
    seconds = sum(test["seconds"] for test in tests.values())
    return f"| {case} | {state} | {shown} | {sum(test['n_run'] for test in tests.values())} | {seconds:.1f} |\n"


if __name__ == "__main__":
    main()
