"""What was erased stays out: no deletion is half done, the tombstones are there, and so is the key to read them."""

from __future__ import annotations

from pathlib import Path

from retune.core.checkup import Finding, Look
from retune.core.errors import UserError
from retune.io import tombstones
from retune.io.erasures import RECEIPTS, refuse_half_done

QUICK = True


def examine(look: Look) -> list[Finding]:
    """Look for deletions that were stopped, and read the tombstones as ingest will."""
    root = Path(look.root)
    receipts = sum(1 for path in (root / RECEIPTS).glob("*.json") if '"tombstones": 0' not in path.read_text("utf-8"))
    try:
        refuse_half_done(root)
        tombstones.ensure(root)
        marks = tombstones.load(tombstones.path_of(root))
    except UserError as error:
        return [Finding("fault", f"expected {error.expected}, found {error.found}", error.todo)]
    if receipts and not marks:
        todo = "Bring it back from git or a backup: what was erased would come back in."
        return [Finding("fault", f"{receipts} receipts of deletions, and no tombstone in {tombstones.NAME}", todo)]
    return [Finding("well", f"{len(marks.marks)} tombstones, {receipts} receipts")]
