"""The traffic log: what was asked, without personal data, and what was answered; one Parquet file per call, by day.

`append` is the one function that any server of a model calls. It never waits long and never fails an answer: what
cannot be written is counted, and the count goes into the next file that can.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pandas as pd

from retune.core import redaction
from retune.core.clean import without_personal_data
from retune.core.errors import UserError
from retune.core.frames import REAL, TEXT, arrow_schema
from retune.core.params.redact import RedactParams
from retune.io.traffic_store import Store, opened

if TYPE_CHECKING:
    import pyarrow as pa

TRAFFIC = {
    "request_id": TEXT,
    "at": TEXT,  # ISO 8601 in UTC, to the microsecond: sorted as text is sorted by time
    "version": TEXT,
    "text": TEXT,  # with placeholders
    "context": TEXT,  # that it was asked of, with placeholders; empty where a task type has none
    "prediction": TEXT,
    "confidence": REAL,
}
ASKED = ("text", "prediction", "confidence")
WITHHELD, LOST = b"retune.withheld", b"retune.lost"  # in a file's metadata: rows that are in no file
PAUSE_SECONDS = 30.0  # after a failure: a store that is gone would hold up every answer by its timeout
NOT_THERE = ("withheld", "lost")
AT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00"
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Skipped:
    """A file in the log that is none of the log's, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Expired:
    """What a clean-up deleted: whole days, and the rows that could be counted in them."""

    days: tuple[str, ...]
    rows: int
    unreadable_files: int


def append(
    uri: str, model: str, version: str, rows: pd.DataFrame, *, redact: RedactParams, at: datetime | None = None
) -> list[str]:
    """Log answers [text, prediction, confidence, and context where there is one] and return a request id per row.

    Personal data leaves the texts before the first byte is written; the id is empty for a row that cannot be redacted,
    and for all rows where the store does not take them. `at` is now by default. Raises UserError for wrong arguments.
    """
    store = opened(uri, model)
    missing = [name for name in ASKED if name not in rows.columns]
    if missing:
        raise UserError(expected=f"the columns {', '.join(ASKED)}", found=f"no {', '.join(missing)}", todo="Add them.")
    moment = (at or datetime.now(UTC)).astimezone(UTC)
    logged = _logged(rows, version, redact, moment)
    if logged.empty:
        return []
    written = _LOSSES.guarded(store, len(rows), lambda lost: _write(store, logged, moment, lost))
    return [str(request) if written else "" for request in logged["request_id"]]


def read(uri: str, model: str, since: datetime, until: datetime) -> pd.DataFrame:
    """Return the rows [TRAFFIC] with since <= at < until, sorted by time.

    `attrs` says what is not among them: `skipped` (files that are none of the log's, with reasons), `withheld` (rows
    that could not be redacted) and `lost` (rows that the store did not take). Raises UnavailableError for a store that
    does not answer.
    """
    store = opened(uri, model)
    first, last = since.astimezone(UTC), until.astimezone(UTC)
    listed = store.listing(first.date(), last.date())
    read_files = store.each([file.path for file in listed if file.is_ours], _rows_of)
    frames = [found for _, found in read_files if isinstance(found, pd.DataFrame)]
    skipped = [Skipped(file.name, file.reason) for file in listed if file.reason]
    skipped += [Skipped(store.name_of(path), found) for path, found in read_files if isinstance(found, str)]
    whole = pd.concat([_empty(), *frames], ignore_index=True) if frames else _empty()
    inside = (whole["at"] >= stamp(first)) & (whole["at"] < stamp(last))
    rows = whole[inside].sort_values(["at", "request_id"], ignore_index=True)
    rows.attrs = {"skipped": skipped, **{name: sum(frame.attrs[name] for frame in frames) for name in NOT_THERE}}
    _say(store, skipped)
    return rows


def expire(uri: str, model: str, retention_days: int, now: datetime) -> Expired:
    """Delete the whole days that are older than `retention_days`, and return how much that was."""
    store = opened(uri, model)
    oldest = now.astimezone(UTC).date() - timedelta(days=retention_days)
    old = store.days_before(oldest)
    rows: list[int] = []
    unreadable = 0
    for day in old:
        files = [file.path for file in store.listing(day, day) if file.is_ours]
        found = [result for _, result in store.each(files, _rows_of)]
        rows += [len(frame) for frame in found if isinstance(frame, pd.DataFrame)]
        unreadable += sum(isinstance(reason, str) for reason in found)
        store.delete(day)
    if old:
        LOG.info("traffic log of %s: deleted %d days with %d rows", model, len(old), sum(rows))
    return Expired(tuple(day.isoformat() for day in old), sum(rows), unreadable)


def erase(uri: str, model: str, change: Callable[[pa.Table], pa.Table], *, erase: bool) -> int:
    """Return how many rows of a model's whole log `change` leaves out, and take them out of it with `erase`."""
    store = opened(uri, model)
    paths = [file.path for file in store.listing(date.min, date.max) if file.is_ours]
    lost = store.each(paths, lambda table: 0 if isinstance(_rows_of(table), str) else len(table) - len(change(table)))
    hit = [(path, rows) for path, rows in lost if isinstance(rows, int) and rows]
    return sum(store.change(path, change) if erase else rows for path, rows in hit)


def stamp(moment: datetime) -> str:
    """Return a time as the log writes it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def day_of(request_id: str) -> date | None:
    """Return the day on which a request was logged, None for what is no request id."""
    day, _, rest = request_id.partition("-")
    try:
        return datetime.strptime(day, "%Y%m%d").date() if len(day) == 8 and rest else None  # noqa: DTZ007 - a day only
    except ValueError:
        return None


def _logged(rows: pd.DataFrame, version: str, settings: RedactParams, moment: datetime) -> pd.DataFrame:
    """Return a row of the log per answer; one that cannot be redacted has no id and no text."""
    recognizers = redaction.load(settings)
    lines: list[dict[str, str]] = []
    contexts = rows["context"] if "context" in rows else [""] * len(rows)
    for text, context, answer in zip(rows["text"], contexts, rows["prediction"], strict=True):
        asked = {"text": text, "context": context, "prediction": str(answer)}
        clean = without_personal_data(asked, recognizers, settings)
        name = f"{moment:%Y%m%d}-{uuid4().hex[:20]}" if clean is not None else ""
        lines.append({"request_id": name, **(clean or {})})
    logged = pd.DataFrame(lines, columns=list(TRAFFIC)).assign(at=stamp(moment), version=str(version))
    return logged.assign(confidence=pd.to_numeric(rows["confidence"], errors="coerce").to_numpy())


def _write(store: Store, logged: pd.DataFrame, moment: datetime, lost: int) -> None:
    """Put the rows that were redacted into one file, and beside them how many rows are in none."""
    import pyarrow as pa

    kept = logged[logged["request_id"] != ""]
    table = pa.Table.from_pandas(kept, schema=arrow_schema(TRAFFIC), preserve_index=False)
    notes = {WITHHELD: str(len(logged) - len(kept)), LOST: str(lost)}
    store.put(moment, f"{moment:%H%M%S%f}-{uuid4().hex}", table.replace_schema_metadata(notes))


def _rows_of(table: pa.Table) -> pd.DataFrame | str:
    """Return the rows of one file, or why they are none of the log's."""
    schema = arrow_schema(TRAFFIC)
    if table.schema.names != schema.names or table.schema.types != schema.types:
        return "it has other columns than the log"
    frame: pd.DataFrame = table.to_pandas()
    if frame[[name for name in TRAFFIC if name != "confidence"]].isna().any(axis=None):
        return "it has empty cells"
    if (frame["request_id"] == "").any() or not frame["at"].str.fullmatch(AT).all():
        return "it has rows without an id or a time"
    notes = table.schema.metadata or {}
    counts = {"withheld": notes.get(WITHHELD, b"0"), "lost": notes.get(LOST, b"0")}
    if not all(count.isdigit() for count in counts.values()):
        return "it does not say how many rows are not in it"
    frame.attrs = {name: int(count) for name, count in counts.items()}
    return frame


def _empty() -> pd.DataFrame:
    """Return the log without a row."""
    frame: pd.DataFrame = arrow_schema(TRAFFIC).empty_table().to_pandas()
    return frame


def _say(store: Store, skipped: Sequence[Skipped]) -> None:
    """Name the files that were skipped: they must not vanish silently."""
    if skipped:
        shown = "; ".join(f"{one.file}: {one.reason}" for one in skipped[:5])
        LOG.warning("traffic log %s: skipped %d files (%s)", store.shown, len(skipped), shown)


class _Losses:
    """How many rows each store did not take since it last did; the first failure is said once, and so is the end."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rows: dict[str, int] = {}
        self.closed_until: dict[str, float] = {}

    def guarded(self, store: Store, rows: int, write: Callable[[int], None]) -> bool:
        """Write, telling how many rows were lost before; returns whether it was written, and raises nothing of it."""
        with self.lock:
            if time.monotonic() < self.closed_until.get(store.folder, 0.0):
                self.rows[store.folder] = self.rows.get(store.folder, 0) + rows
                return False
            lost = self.rows.pop(store.folder, 0)
        try:
            write(lost)
        except store.errors as error:
            self._failed(store, rows + lost, error, is_new=not lost)
            return False
        if lost:
            LOG.warning("traffic log %s: it works again; %d answers were not logged", store.shown, lost)
        return True

    def _failed(self, store: Store, rows: int, error: Exception, *, is_new: bool) -> None:
        """Count the rows, and leave the store alone for a while."""
        with self.lock:
            self.rows[store.folder] = self.rows.get(store.folder, 0) + rows
            self.closed_until[store.folder] = time.monotonic() + PAUSE_SECONDS
        if is_new:  # of an error in the conversion the name alone: its words may repeat what was to be written
            why = " ".join(str(error).split())[:200] if isinstance(error, OSError) else type(error).__name__
            LOG.error("traffic log %s: cannot be written (%s); answers go on, and are counted", store.shown, why)


_LOSSES = _Losses()
