"""Prefect put on steps from outside: every step runs the same under DVC, under Prefect and under a test."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from retune.core.errors import UnavailableError
from retune.io.dvc import StageFailedError

Result = TypeVar("Result")
CONSOLE = "RETUNE_CONSOLE"  # set by the command line, whose own lines stand in for Prefect's log
PAUSE_SECONDS = 5
ANSWER_SECONDS = 20
KILLED = re.compile(r"exited with (?:-\d+|1(?:2[89]|[345]\d))\b")  # by a signal, or by a shell that says so


def run_step(
    step: Callable[..., Result], /, *, name: str, retries: int = 0, after: Iterable[Any] = (), **arguments: Any
) -> Result:
    """Run a step as a Prefect task of this name, drawn behind the results `after`; what may pass is tried again.

    The step's arguments stay out of Prefect, which would look for results of other tasks in all of them.
    """

    def call() -> Result:
        return step(**arguments)

    run = task(
        name=name,
        task_run_name=name,
        description=(step.__doc__ or "").strip().partition("\n")[0],
        retries=retries,
        retry_delay_seconds=PAUSE_SECONDS,
        retry_condition_fn=may_pass,
        persist_result=False,
        cache_policy=NO_CACHE,  # what is up to date is DVC's and the registry's to say
    )(call)
    result: Result = run(wait_for=list(after))
    return result


def may_pass(_task: Any, _run: Any, state: Any) -> bool:
    """Tell whether a failed step deserves another try: a server that was away, or a process that was killed."""
    error = state.result(raise_on_failure=False)
    was_killed = isinstance(error, StageFailedError) and any(KILLED.search(line) for line in error.lines)
    return was_killed or isinstance(error, UnavailableError)


def say(line: str) -> None:
    """Tell a person what happens: on the console of the command line, and in the log of the Prefect run."""
    if not line.strip():
        return
    if CONSOLE in os.environ:
        print(line, file=sys.stdout, flush=True)
    get_run_logger().info(line)


@contextmanager
def answering() -> Iterator[None]:
    """Turn what a Prefect server that is away raises into one line; where a person stopped us, that is what is raised.

    The server of PREFECT_API_URL is asked first, for an answer of any kind: Prefect itself would tell in 100 lines.
    """
    try:
        server = os.environ.get("PREFECT_API_URL")
        if server:
            httpx.get(f"{server}/health", timeout=ANSWER_SECONDS)
        yield
    except httpx.HTTPError as error:
        if _was_interrupted(error):
            raise KeyboardInterrupt from error
        server = os.environ.get("PREFECT_API_URL") or "the embedded one"
        raise UnavailableError(
            f"Prefect's server ({server}) does not answer: {type(error).__name__}. Every stage that has ended is kept: "
            "start the server or correct PREFECT_API_URL (unset, one is started here), then run the same command again"
        ) from error


def _was_interrupted(error: BaseException | None) -> bool:
    """Tell whether an error came up while a KeyboardInterrupt was handled: Ctrl-C ends the embedded server too."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None
