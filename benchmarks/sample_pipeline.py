"""The sample from a fresh checkout: the first run, a run without changes, one edited document, and what they cost."""

from __future__ import annotations

from typing import Any

from benchmarks import checkout


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
