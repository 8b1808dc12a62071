"""Prefect put on steps from outside: every step runs the same under DVC, under Prefect and under a test."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from retune.core.errors import UnavailableError
from retune.io.dvc import StageFailedError

Result = TypeVar("Result")
CONSOLE = "RETUNE_CONSOLE"  # set by the command line, whose own lines stand in for Prefect's log


def run_step(step: Callable[..., Result], /, *, name: str, retries: int = 0, **arguments: Any) -> Result:
    """Run a step as a Prefect task of this name; only what running again can mend is tried again."""
    decorate = task(
        name=name,
        task_run_name=name,
        retries=retries,
        retry_delay_seconds=5,
        retry_condition_fn=_can_be_mended,
        persist_result=False,
        cache_policy=NO_CACHE,  # what is up to date is DVC's and the registry's to say
    )
    result: Result = decorate(step)(**arguments)
    return result


def _can_be_mended(_task: Any, _run: Any, state: Any) -> bool:
    """Tell whether a failed step deserves another try: a server that was away, or a process that was killed."""
    error = state.result(raise_on_failure=False)
    killed = isinstance(error, StageFailedError) and any("exited with -" in line for line in error.lines)
    return killed or isinstance(error, UnavailableError)


def say(line: str) -> None:
    """Tell a person what happens: on the console of the command line, and in the log of the Prefect run."""
    if not line.strip():
        return
    if CONSOLE in os.environ:
        print(line, file=sys.stdout, flush=True)
    get_run_logger().info(line)
