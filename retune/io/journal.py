"""Follow a training's journal while it is written: whole lines only, in batches, from where the last reader stopped.

The journal is JSON lines: {"event": "metrics" | "finding" | "params", "step": int, "values": {...}, "time": seconds}.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

from retune.core.errors import UnavailableError
from retune.io.files import read_json, write_json

Line = dict[str, Any]
Log = Callable[[list[Line]], None]
LONGEST_PAUSE_SECONDS = 30.0


def read_lines(journal: Path, start: int = 0) -> tuple[list[Line], int]:
    """Return the whole lines from byte `start`, and the byte behind them; a line torn at the end waits.

    A kill can tear a line that a later attempt then writes behind: such a line is skipped, its step comes again.
    """
    if not journal.exists():
        return [], start
    with journal.open("rb") as stream:
        stream.seek(start)
        whole, newline, _ = stream.read().rpartition(b"\n")
    lines = [line for line in map(_parsed, whole.splitlines()) if line is not None]
    return lines, start + len(whole) + len(newline)


def forward(journal: Path, offset: Path, log: Log) -> int:
    """Pass new lines to `log`, remember how far that was, and return how many they were.

    The offset is written after `log` returned: a kill between the two sends lines again, so `log` must know a step
    that it has seen.
    """
    start = _offset(journal, offset)
    lines, end = read_lines(journal, start)
    if lines:
        log(lines)
    if end != start:
        write_json(offset, {"bytes": end})
    return len(lines)


def follow(journal: Path, offset: Path, log: Log, stop: Event, pause_seconds: float = 1.0) -> bool:
    """Forward until `stop` is set, then once more; returns whether the last lines arrived.

    A server that does not answer never stops a training: the lines wait in the journal.
    """
    pause = pause_seconds
    while not stop.wait(pause):
        pause = pause_seconds if _try(journal, offset, log) else min(pause * 2, LONGEST_PAUSE_SECONDS)
    return _try(journal, offset, log)


def _try(journal: Path, offset: Path, log: Log) -> bool:
    """Forward once; returns whether the server answered."""
    try:
        forward(journal, offset, log)
    except UnavailableError:
        return False
    return True


def _offset(journal: Path, offset: Path) -> int:
    """Return how many bytes were forwarded; a shorter journal is another one, read from its start."""
    sent = int(read_json(offset)["bytes"]) if offset.exists() else 0
    size = journal.stat().st_size if journal.exists() else 0
    return sent if sent <= size else 0


def _parsed(line: bytes) -> Line | None:
    """Return one line as a mapping, None where it is not one."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
