"""What is asked of a service that tunes models, and what it says: values alone, whichever service it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal, Protocol

from retune.core.errors import UnavailableError, UserError
from retune.core.fingerprint import sha256_of
from retune.core.hosted_model import Endpoint

HOSTED = "hosted"  # the family, the method, and the kind of base
SCHEME, FT = f"{HOSTED}:", "ft:"  # of a base, and of the name of a model that a job made
SUCCEEDED, FAILED, CANCELLED = ENDS = ("succeeded", "failed", "cancelled")
KEY, MODEL = "retune_key", "retune_model"  # of a job's metadata
WARNING_DAYS = 90
Message = dict[str, str]
Auto = Literal["auto"]
Say = Callable[[str], None]


class BusyError(UnavailableError):
    """A service did not answer, or asks to come later; `seconds` is when it says so."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        self.seconds = seconds
        super().__init__(message)


@dataclass(frozen=True)
class Order:
    """What a job is asked to do. Two orders of the same key are the same job, which nobody pays twice."""

    model: str  # the base, or a model that an earlier job made
    train: bytes  # JSON lines of conversations
    validation: bytes
    seed: int
    suffix: str
    epochs: int | Auto
    batch_size: int | Auto
    learning_rate_multiplier: float | Auto

    def key(self, endpoint: Endpoint) -> str:
        """Return the hex SHA-256 of all that decides what becomes of the job, and of where it runs."""
        sides = {"train": sha256(self.train), "validation": sha256(self.validation)}
        return sha256_of({**asdict(self), **sides, "provider": endpoint.provider, "base_url": endpoint.base_url})

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """Return those that OpenAI's API knows, under its names."""
        return {
            "n_epochs": self.epochs,
            "batch_size": self.batch_size,
            "learning_rate_multiplier": self.learning_rate_multiplier,
        }


@dataclass(frozen=True)
class Job:
    """How a job stands; times are Unix seconds by the service's clock."""

    id: str
    status: str  # validating_files | queued | running | paused | succeeded | failed | cancelled
    created_at: int
    training_file: str = ""
    model: str = ""  # what it became, empty until it has succeeded
    error: str = ""
    billed_tokens: int | None = None
    finished_at: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing more will happen to it."""
        return self.status in ENDS


@dataclass(frozen=True)
class Event:
    """What a service told of a job, or measured at a step."""

    id: str
    created_at: int
    level: str  # info | warn | error
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)  # of metrics: step, train_loss, valid_loss, ...


@dataclass(frozen=True)
class Question:
    """One conversation to be answered."""

    messages: tuple[tuple[str, str], ...]  # role and content
    most_tokens: int
    with_confidence: bool  # not every server gives the probabilities of tokens


@dataclass(frozen=True)
class Answer:
    """What a model said; `confidence` is the probability of the whole text, None where the service does not say."""

    text: str
    confidence: float | None = None


class Service(Protocol):
    """What every provider can do; what may pass raises BusyError, what a person must mend UserError."""

    def upload(self, name: str, content: bytes) -> str:
        """Return the id of a file with that content."""

    def delete_file(self, file: str) -> None:
        """Delete a file from the service's storage; one that is gone is no error."""

    def files(self) -> dict[str, str]:
        """Return the names of the uploaded files by their ids."""

    def delete_model(self, model: str) -> None:
        """Delete a model that a job made; one that is gone is no error."""

    def create(self, order: Order, files: tuple[str, str], metadata: Mapping[str, str]) -> Job:
        """Start a job on uploaded files. It is tried once: after BusyError it may have begun all the same."""

    def job(self, job: str) -> Job:
        """Return how a job stands."""

    def jobs(self, metadata: Mapping[str, str]) -> list[Job]:
        """Return the jobs that bear such metadata, and where the service cannot filter, others too."""

    def events(self, job: str, known: Collection[str]) -> list[Event]:
        """Return what was told of a job, oldest first; the listing may stop at an event that is known."""

    def checkpoints(self, job: str) -> list[Event]:
        """Return what was measured at the checkpoints of a job, by step; none where the service has no such list."""

    def cancel(self, job: str) -> None:
        """End a job; one that has ended is no error."""

    def shutdown_date(self, model: str) -> date | None:
        """Return the day on which the service says that a model can no longer be tuned or asked, None for none."""

    def answers(self, model: str, questions: Sequence[Question], *, at_once: int, keep: bool) -> list[Answer]:
        """Return the answer to each question, `at_once` in flight; `keep` asks none of them twice in one checkout."""


def sha256(content: bytes) -> str:
    """Return the hex SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()


def source_of(base: str) -> tuple[str, str]:
    """Return service and model of `hosted:<service>/<model>`; raises UserError for any other base."""
    name, _, model = base.removeprefix(SCHEME).partition("/")
    if not base.startswith(SCHEME) or not name or not model:
        todo = "Name a service of the section `hosted` and a model, such as hosted:openai/gpt-4.1-mini-2025-04-14."
        raise UserError(
            expected="resolve.base of a hosted model: hosted:<service>/<model>", found=repr(base), todo=todo
        )
    return name, model


def notice(what: str, closes: date | None, today: date) -> str:
    """Return what is to be said of a day from which there are no new jobs, empty while it is far or unknown."""
    if closes is None or (closes - today).days > WARNING_DAYS:
        return ""
    left = (closes - today).days
    if left <= 0:
        return (
            f"{what} takes no new jobs since {closes}: models that it has tuned can be asked, new rows cannot be learnt"
        )
    return f"{what} takes no new jobs from {closes}, in {left} day{'s' if left > 1 else ''}: plan for another base"


def notices(bases: Iterable[str], closes: Mapping[str, date | None], today: date) -> list[str]:
    """Return what is to be said of the services that bases name; `closes` has the day from which each takes no jobs."""
    named = sorted({source_of(base)[0] for base in bases if base.startswith(SCHEME)})
    return [f"warning: {told}" for name in named if (told := notice(name, closes.get(name), today))]


def refuse_closed(what: str, closes: date | None, today: date) -> None:
    """Raise UserError for a new job on or after the day from which there are none."""
    if closes is not None and today >= closes:
        raise UserError(
            expected=f"a service that takes new jobs on {today}",
            found=f"{what} takes none since {closes}",
            todo="Choose another base: a local one, or another service of the section `hosted`. Nothing was sent.",
        )


def curves(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return what was measured as events of a training's journal, one per step, in its order."""
    steps: dict[int, dict[str, float]] = {}
    for event in events:
        step = event.data.get("step")
        if isinstance(step, int | float):
            numbers = {str(name): value for name, value in event.data.items() if name != "step"}
            measured = {name: float(value) for name, value in numbers.items() if _is_number(value)}
            steps.setdefault(int(step), {}).update(measured)
    return [{"event": "metrics", "step": step, "values": values} for step, values in sorted(steps.items()) if values]


def _is_number(value: Any) -> bool:
    """Tell whether a value is a number: True is none, and neither is what JSON cannot hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
