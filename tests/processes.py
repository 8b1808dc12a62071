"""Which processes are at work in a folder, whoever started them."""

from __future__ import annotations

from pathlib import Path

import psutil


def at_work_in(folder: Path) -> list[psutil.Process]:
    """Return the living processes whose present folder is this one."""
    return [
        process
        for process in psutil.process_iter(["cwd", "status"])
        if process.info["cwd"] == str(folder) and process.info["status"] != psutil.STATUS_ZOMBIE
    ]
