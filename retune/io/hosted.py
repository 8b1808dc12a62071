"""One job at a service: sent once, taken up again after a kill, followed to its end, ended when a person stops us."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from retune.core.errors import RetuneError, UnavailableError
from retune.core.hosted import FAILED, KEY, MODEL, SUCCEEDED, BusyError, Event, Job, Order, Say, Service, sha256
from retune.io import cache

STEP = "fine_tune"
RECORD, JOURNAL = "job.json", "events.jsonl"
TRIES = 6
PAUSED = "paused"
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 60.0
SECONDS_PER_HOUR = 3600
STOPPED = 128 + signal.SIGTERM


class JobFailedError(RetuneError):
    """The service ended a job without a model: its own reason is in the message."""


class JobRunsError(RetuneError):
    """The service takes longer than we wait: the job goes on, and the next run takes it up."""


@dataclass(frozen=True)
class Bench:
    """What a job is followed with: its key names it here and in its metadata there."""

    service: Service
    key: str
    model: str  # of ours, for a person who looks at the service's list
    poll_seconds: float
    wait_hours: float
    keep_files: bool  # whether the rows stay in the service's storage when the job has ended
    say: Say

    @property
    def work(self) -> Path:
        """Return the folder with the job's id and its journal; without it the service's list is asked."""
        return cache.folder(STEP, self.key)


def find(bench: Bench) -> Job | None:
    """Return the job of this key that runs or has succeeded, by the id on disk or the service's own list."""
    kept = cache.read(bench.work / RECORD) or {}
    if kept.get("job"):
        job = bench.service.job(kept["job"])
        return None if job.has_ended and job.status != SUCCEEDED else job
    for job in bench.service.jobs({KEY: bench.key}):
        is_ours = job.metadata.get(KEY) == bench.key or (kept.get("files") or [None])[0] == job.training_file
        if is_ours and (not job.has_ended or job.status == SUCCEEDED):
            _keep(bench, job=job.id)
            return job
    return None


def send(bench: Bench, order: Order) -> Job:
    """Upload the rows and start the job; rows of which none begins do not stay there.

    Where the answer is lost, the service's list says whether it began: no second job is started for the same rows.
    """
    files = _upload(bench, order)
    pause = FIRST_PAUSE_SECONDS
    for left in reversed(range(TRIES)):
        try:
            job = bench.service.create(order, files, {KEY: bench.key, MODEL: bench.model})
            break
        except BusyError as error:
            bench.say(str(error))
            time.sleep(min(error.seconds or pause, LONGEST_PAUSE_SECONDS))
            found = find(bench)
            if found is not None:
                return found
            if not left:
                raise
            pause *= 2
        except RetuneError:
            _clear(bench)
            raise
    _keep(bench, job=job.id)
    bench.say(f"job {job.id} on {order.model} was sent")
    return job


def follow(bench: Bench, job: Job) -> tuple[Job, list[Event]]:
    """Return the job that has succeeded, and all that was told of it; each event is said and written as it comes.

    JobFailedError has the service's reason. The job is cancelled when the process is interrupted or told to end. Where
    the service is away or slow, the job goes on, and UnavailableError or JobRunsError says so.
    """
    journal = _Journal(bench)
    until = time.monotonic() + bench.wait_hours * SECONDS_PER_HOUR
    with _cancelling(bench, job):
        while not job.has_ended:
            job, pause = _look(bench, job, journal)
            if time.monotonic() >= until and not job.has_ended:
                raise JobRunsError(
                    f"job {job.id} is still {job.status} after {bench.wait_hours:g} hours; it goes on, and the next "
                    "run takes it up"
                )
            time.sleep(0 if job.has_ended else pause)
    events = bench.service.events(job.id, ())
    journal.take(events)
    _clear(bench)
    if job.status != SUCCEEDED:
        reason = job.error or "the service gives no reason"
        raise JobFailedError(f"job {job.id} {'failed' if job.status == FAILED else f'was {job.status}'}: {reason}")
    return job, [*events, *bench.service.checkpoints(job.id)]


def _look(bench: Bench, job: Job, journal: _Journal) -> tuple[Job, float]:
    """Return how the job stands, and the seconds until the next look; a service that is away for a while is said."""
    try:
        journal.take(bench.service.events(job.id, journal.seen))
        found = bench.service.job(job.id)
    except BusyError as error:
        bench.say(str(error))
        return job, max(error.seconds or 0, bench.poll_seconds)
    if found.status == PAUSED != job.status:
        bench.say(f"job {job.id} is paused at the service; it goes on when somebody resumes it there")
    return found, bench.poll_seconds


def _clear(bench: Bench) -> None:
    """Delete the uploaded rows from the service's storage, unless they are to stay; what it refuses is said."""
    if bench.keep_files:
        return
    files = (cache.read(bench.work / RECORD) or {}).get("files", [])
    _keep(bench, files=[])
    for file in files:
        try:
            bench.service.delete_file(file)
        except RetuneError as error:
            bench.say(f"the file {file} stays with the service: {error}")


def _upload(bench: Bench, order: Order) -> tuple[str, str]:
    """Return the ids of the two files, uploaded once by this checkout; the names tell rows from rows."""
    kept = cache.read(bench.work / RECORD) or {}
    if not kept.get("files"):
        sides = (order.train, order.validation)
        names = names_of(bench.model, sha256(order.train), sha256(order.validation))
        _keep(bench, files=[bench.service.upload(name, rows) for name, rows in zip(names, sides, strict=True)])
        train, validation = (side.count(b"\n") for side in sides)
        bench.say(f"{train} rows to train on and {validation} to validate with were sent")
        kept = cache.read(bench.work / RECORD) or {}
    first, second = kept["files"]
    return first, second


def names_of(model: str, train_sha256: str, validation_sha256: str) -> tuple[str, str]:
    """Return the names of a job's two files at the service: they tell rows from rows."""
    return f"{model}-train-{train_sha256[:12]}.jsonl", f"{model}-validation-{validation_sha256[:12]}.jsonl"


def _keep(bench: Bench, **values: Any) -> None:
    """Add to what is on disk of the job; a disk that is full stops the run before anything is paid."""
    path = bench.work / RECORD
    if not cache.store(path, {**(cache.read(path) or {}), **values}):
        raise UnavailableError(f"{path} could not be written: make room, then run again")


class _Journal:
    """What a service told of a job, said and appended as it comes; an event is written once."""

    def __init__(self, bench: Bench) -> None:
        self.path, self.say = bench.work / JOURNAL, bench.say
        lines = self.path.read_text(encoding="utf-8").rpartition("\n")[0].splitlines() if self.path.exists() else []
        self.seen = {json.loads(line)["id"] for line in lines}

    def take(self, events: list[Event]) -> None:
        """Say and write those that are new."""
        for event in events:
            if event.id in self.seen:
                continue
            self.seen.add(event.id)
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(asdict(event), sort_keys=True) + "\n")
            self.say(f"{'' if event.level == 'info' else event.level + ': '}{event.message}")


@contextmanager
def _cancelling(bench: Bench, job: Job) -> Iterator[None]:
    """Cancel the job where the block is stopped from outside; an error of ours or of the service's stops no job."""
    with _terminating():
        try:
            yield
        except Exception:
            raise
        except BaseException:
            with suppress(RetuneError):
                bench.service.cancel(job.id)
                bench.say(f"stopped: job {job.id} was cancelled")
                _clear(bench)
            raise


@contextmanager
def _terminating() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, where nobody else, such as Prefect, has asked for it."""
    is_free = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if not is_free or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(STOPPED)

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
