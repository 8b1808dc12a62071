"""OpenAI and every server that keeps to its API (files, fine-tuning jobs, chat completions), by its own client."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from retune.core.errors import RetuneError, UserError
from retune.core.hosted import Answer, BusyError, Event, Job, Order, Question, Service
from retune.core.hosted_model import Endpoint
from retune.io.providers._asking import ask_all

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.chat import ChatCompletion
    from openai.types.fine_tuning import FineTuningJob

PACKAGE = "openai"
RETRIES = (
    6  # the client waits 0.5 s, then twice as long each time up to 8 s, or what Retry-After says: some 25 s in all
)
TIMEOUT_SECONDS = 120.0
PAGE = 100
NO_ANSWER = frozenset({"content_filter", "context_length_exceeded"})  # of one question, not of the service
CLOSED_DOOR = frozenset({401, 403})
MAY_PASS = frozenset({408, 409, 429})
SERVER_ERROR = 500


def connect(endpoint: Endpoint) -> Service:
    """Return the service, without asking it anything; UserError where package or key are missing.

    Redirects are not followed: rows and key go to the address that the settings name and to no other.
    """
    try:
        import openai
    except ModuleNotFoundError as error:
        todo = 'Install the extra: pip install "retune[hosted]".'
        raise UserError(expected=f"the package {PACKAGE}", found="it is not installed", todo=todo) from error
    client = openai.OpenAI(
        base_url=endpoint.base_url,
        api_key=_key(endpoint),
        max_retries=RETRIES,
        timeout=TIMEOUT_SECONDS,
        http_client=openai.DefaultHttpxClient(follow_redirects=False, timeout=TIMEOUT_SECONDS),
    )
    return OpenAIService(client, endpoint)


def _key(endpoint: Endpoint) -> str:
    """Return the key from the environment."""
    key = os.environ.get(endpoint.api_key_variable, "")
    if not key:
        raise UserError(
            expected=f"the key for {endpoint.base_url} in the environment variable {endpoint.api_key_variable}",
            found="it is not set",
            todo=f"export {endpoint.api_key_variable}=...; the key belongs in no file of the checkout.",
        )
    return key


class OpenAIService:
    """The service at one address; what every method does stands in `retune.core.hosted.Service`."""

    def __init__(self, client: OpenAI, endpoint: Endpoint) -> None:
        self.client, self.endpoint = client, endpoint

    def upload(self, name: str, content: bytes) -> str:
        """Return the id of a file with that content."""
        with self._told(f"the upload of {name}"):
            return self.client.files.create(file=(name, content, "application/jsonl"), purpose="fine-tune").id

    def delete_file(self, file: str) -> None:
        """Delete a file; one that is gone is no error."""
        with self._told(f"the deletion of {file}"), self._absent():
            self.client.files.delete(file)

    def files(self) -> dict[str, str]:
        """Return the names of the files for tuning by their ids."""
        with self._told("the list of files"):
            return {one.id: one.filename for one in self.client.files.list(purpose="fine-tune")}

    def delete_model(self, model: str) -> None:
        """Delete a model; one that is gone is no error."""
        with self._told(f"the deletion of {model}"), self._absent():
            self.client.models.delete(model)

    def create(self, order: Order, files: tuple[str, str], metadata: Mapping[str, str]) -> Job:
        """Start a job. The client's own retries are off: after a dropped connection they would start a second one."""
        from openai import omit

        train, validation = files
        supervised: Any = {"type": "supervised", "supervised": {"hyperparameters": order.hyperparameters}}
        with self._told(f"the job on {order.model}"):
            job = self.client.with_options(max_retries=0).fine_tuning.jobs.create(
                model=order.model,
                training_file=train,
                validation_file=validation,
                method=supervised,
                seed=order.seed,
                metadata=dict(metadata),
                suffix=order.suffix or omit,
            )
        return _job(job)

    def job(self, job: str) -> Job:
        """Return how a job stands."""
        with self._told(f"the job {job}"):
            return _job(self.client.fine_tuning.jobs.retrieve(job))

    def jobs(self, metadata: Mapping[str, str]) -> list[Job]:
        """Return the jobs with such metadata, newest first."""
        with self._told("the list of jobs"):
            return [_job(one) for one in self.client.fine_tuning.jobs.list(limit=PAGE, metadata=dict(metadata))]

    def events(self, job: str, known: Collection[str]) -> list[Event]:
        """Return what was told of a job, oldest first; the service lists the newest first."""
        found = []
        with self._told(f"the events of {job}"):
            for one in self.client.fine_tuning.jobs.list_events(job, limit=PAGE):
                if one.id in known:
                    break
                data = one.data if isinstance(one.data, dict) else {}
                found.append(Event(one.id, one.created_at, one.level, one.message, data))
        found.reverse()
        return sorted(found, key=lambda event: event.created_at)  # those of one second stay in the order of the list

    def checkpoints(self, job: str) -> list[Event]:
        """Return the measurements at checkpoints; none where the server has no such list."""
        found = []
        with self._told(f"the checkpoints of {job}"), self._absent():
            for one in self.client.fine_tuning.jobs.checkpoints.list(job, limit=PAGE):
                data = {**one.metrics.model_dump(exclude_none=True), "step": one.step_number}
                found.append(Event(one.id, one.created_at, "info", one.fine_tuned_model_checkpoint, data))
        return sorted(found, key=lambda event: event.data["step"])

    def cancel(self, job: str) -> None:
        """End a job; one that has ended is no error."""
        import openai

        with self._told(f"cancelling {job}"):
            try:
                self.client.fine_tuning.jobs.cancel(job)
            except (openai.BadRequestError, openai.ConflictError):
                if not self.job(job).has_ended:
                    raise

    def shutdown_date(self, model: str) -> date | None:
        """Return what the service says of a model: `shutdown_date`, or Azure's `deprecation.fine_tune`."""
        told: dict[str, Any] = {}
        with self._told(f"the model {model}"), self._absent():
            told = self.client.models.retrieve(model).model_dump()
        ends = (told.get("deprecation") or {}).get("fine_tune")
        if isinstance(ends, int):
            return datetime.fromtimestamp(ends, UTC).date()
        return date.fromisoformat(told["shutdown_date"][:10]) if told.get("shutdown_date") else None

    def answers(self, model: str, questions: Sequence[Question], *, at_once: int, keep: bool) -> list[Answer]:
        """Return the answer to each question, at temperature 0."""
        kept_for = f"{self.endpoint.base_url} {model}" if keep else None
        return ask_all(lambda question: self._answer(model, question), questions, at_once=at_once, kept_for=kept_for)

    def _answer(self, model: str, question: Question) -> Answer:
        """Return one answer; a question that the service refuses by its content has none."""
        import openai

        messages: Any = [{"role": role, "content": content} for role, content in question.messages]
        with self._told(f"an answer of {model}"):
            try:
                said = self.client.chat.completions.create(
                    model=model,
                    messages=messages,
                    temperature=0,
                    max_completion_tokens=question.most_tokens,
                    logprobs=True if question.with_confidence else openai.omit,
                )
            except openai.BadRequestError as error:
                if error.code in NO_ANSWER:
                    return Answer("")
                raise
        return Answer((said.choices[0].message.content or "").strip(), _probability(said))

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Turn the client's errors into ours, with the service's own words."""
        import openai

        try:
            yield
        except openai.APIStatusError as error:
            raise self._refusal(doing, error) from error
        except openai.APIConnectionError as error:
            cause = error.__cause__ or error
            raise BusyError(f"{self.endpoint.base_url} did not answer to {doing}: {cause}. Run again later") from error

    @contextmanager
    def _absent(self) -> Iterator[None]:
        """Let what is not there, or no part of a server's API, be no error."""
        import openai

        try:
            yield
        except openai.NotFoundError:
            return

    def _refusal(self, doing: str, error: Any) -> RetuneError:
        """Return what an error status means for a person."""
        where, status, words = self.endpoint.base_url, error.status_code, _words(error)
        if status in MAY_PASS or status >= SERVER_ERROR:
            wait = error.response.headers.get("retry-after", "")
            seconds = float(wait) if wait.replace(".", "", 1).isdigit() else None
            return BusyError(f"{where} refused {doing} with {status}: {words}. Run again later", seconds)
        todo = "Correct what it says, then run again: nothing is done twice."
        if status in CLOSED_DOOR:
            todo = f"Is {self.endpoint.api_key_variable} the right key, and may it do this?"
        return UserError(expected=f"{where} to accept {doing}", found=f"{status}: {words}", todo=todo)


def _words(error: Any) -> str:
    """Return what the service itself says of an error, in one line."""
    said = error.body.get("message") if isinstance(error.body, dict) else None
    return " ".join(str(said or error.message).split())


def _job(found: FineTuningJob) -> Job:
    """Return a job as values; the client does not check what a server sends."""
    error = ""
    if found.error is not None and found.error.message:
        error = f"{found.error.message} ({found.error.code})" if found.error.code else found.error.message
    return Job(
        id=found.id,
        status=found.status,
        created_at=found.created_at,
        training_file=found.training_file,
        model=found.fine_tuned_model or "",
        error=error,
        billed_tokens=found.trained_tokens,
        finished_at=found.finished_at,
        metadata=found.metadata or {},
    )


def _probability(said: ChatCompletion) -> float | None:
    """Return the probability of the whole answer, None where the server gives none of its tokens'."""
    tokens = said.choices[0].logprobs.content if said.choices[0].logprobs else None
    return math.exp(sum(token.logprob for token in tokens)) if tokens else None
