"""There is room on the checkout's disk."""

from __future__ import annotations

import shutil

from retune.core.checkup import Finding, Look

QUICK = True
GIGABYTE = 1e9


def examine(look: Look) -> list[Finding]:
    """Hold the free space against `machine.free_disk_gb`."""
    free, least = shutil.disk_usage(look.root).free / GIGABYTE, look.machine.free_disk_gb
    said = f"{free:.1f} GB free on the disk of {look.root}, at least {least:g} GB asked"
    todo = "Make room, or lower `machine.free_disk_gb` in params.yaml."
    return [Finding("well" if free >= least else "fault", said, "" if free >= least else todo)]
