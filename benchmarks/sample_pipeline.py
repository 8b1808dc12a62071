"""The sample from a fresh checkout: the first run, a run without changes, one edited document, and what they cost."""

from __future__ import annotations

from typing import Any

from benchmarks import checkout
from benchmarks.page import table


def measure() -> dict[str, Any]:
    """Return wall and CPU seconds of three runs, and of `dvc repro` alone, which has neither Prefect nor MLflow."""
    with checkout.checkout() as root:
        first = checkout.run(root, "run") | {"stages": checkout.stage_seconds(root)}
        unchanged = checkout.run(root, "run")
        edited = root / "samples" / "documents" / "handbook"
        document = sorted(edited.glob("*.md"))[0]
        document.write_text(document.read_text() + "\nOne more sentence, so that this page is another one.\n")
        after_edit = checkout.run(root, "run") | {"stages": checkout.stage_seconds(root)}
    with checkout.checkout() as root:
        stages_alone = checkout.run(root, "repro")
    return {
        "first": first,
        "unchanged": unchanged,
        "one_document_edited": after_edit,
        "stages_alone": stages_alone,
        "first_over_stages_alone": round(first["wall_seconds"] / stages_alone["wall_seconds"], 2),
    }


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    names = {
        "first": "`retune run`, the first",
        "unchanged": "`retune run`, nothing changed",
        "one_document_edited": "`retune run`, one document edited",
        "stages_alone": "`retune repro`: the stages by DVC, no Prefect, no MLflow",
    }
    runs = [[text, *_cells(measured[name])] for name, text in names.items()]
    stages = [[name, f"{seconds:.1f} s"] for name, seconds in measured["first"]["stages"].items()]
    share = 1 - sum(measured["first"]["stages"].values()) / measured["first"]["wall_seconds"]
    return [
        *table(["run", "wall", "CPU", "exit code"], runs),
        "",
        f"Outside the stages (Prefect, MLflow, registering, deciding): {share:.0%} of the first run.",
        "",
        *table(["stage of the first run", "wall"], stages),
    ]


def _cells(ran: dict[str, Any]) -> list[Any]:
    """Return one run's figures."""
    return [f"{ran['wall_seconds']:.0f} s", f"{ran['cpu_seconds']:.0f} s", ran["exit_code"]]
