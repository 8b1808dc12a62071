"""The journal of a training: one JSON line per event, appended, so that a kill loses nothing that was written."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class Journal:
    """Appends events; one that the journal already holds is not written again, so a resumed run repeats nothing."""

    def __init__(self, path: Path | None, *, fresh: bool) -> None:
        self.path = path  # None: of several processes of a training, one alone writes
        if path is not None and fresh:
            path.unlink(missing_ok=True)
        self.events = read(path) if path is not None else []
        self._seen = {_key(event) for event in self.events}
        if path is not None:
            _drop_torn_line(path)

    def write(self, event: str, step: int, values: dict[str, Any]) -> None:
        """Append one event with the time; `values` are numbers or short texts."""
        line: Event = {"event": event, "step": step, "values": values}
        if _key(line) in self._seen:
            return
        self._seen.add(_key(line))
        self.events.append(line)
        if self.path is None:
            return
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({**line, "time": time.time()}, sort_keys=True) + "\n")

    def findings(self) -> dict[str, Any]:
        """Return what a person should know, by name; of several of one name, the last."""
        found = [event["values"] for event in self.events if event["event"] == "finding"]
        return {name: value for values in found for name, value in values.items()}


def read(path: Path) -> list[Event]:
    """Return the events of a journal without their times; a line that a kill tore is not there."""
    if not path.exists():
        return []
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    events = [json.loads(line) for line in whole.splitlines()]
    return [{name: value for name, value in event.items() if name != "time"} for event in events]


def history(events: list[Event]) -> str:
    """Return the events as JSON lines by step, without a clock: equal trainings give equal bytes."""
    ordered = sorted(events, key=lambda event: event["step"])
    return "".join(json.dumps(event, sort_keys=True) + "\n" for event in ordered)


def _key(event: Event) -> str:
    """Return what makes two events the same: what they are about, not what was measured."""
    return json.dumps([event["event"], event["step"], sorted(event["values"])])


def _drop_torn_line(path: Path) -> None:
    """Cut a last line without its end, or the next event would be written behind it."""
    if path.exists():
        content = path.read_bytes()
        with path.open("r+b") as stream:
            stream.truncate(content.rfind(b"\n") + 1)
