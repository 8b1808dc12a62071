import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterable
from typing import Any

import psutil
import pytest

from retune.core.errors import RetuneError
from retune.io.mapping import map_files
from retune.io.worker import Outcome
from tests.io import worker_toys


def run(function: Callable[[Any], Any], items: Iterable[Any], workers: int = 2, seconds: float = 20) -> list[Outcome]:
    return map_files(function, items, workers=workers, timeout_seconds=seconds, memory_mb=512)


def is_alive(process_id: int) -> bool:
    """Tell whether a process runs; one that has ended and that nobody has waited for does not."""
    try:
        return bool(psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def ends(process_id: int) -> bool:
    """Wait until a process is gone, or at most ten seconds."""
    deadline = time.monotonic() + 10
    while is_alive(process_id) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_alive(process_id)


def test_results_come_in_the_order_of_the_items() -> None:
    outcomes = run(worker_toys.misbehave, ["wait", "a", "b", "c"])
    assert [outcome.value for outcome in outcomes] == ["done wait", "done a", "done b", "done c"]


def test_the_same_comes_from_one_worker_and_from_two() -> None:
    one = run(worker_toys.double, range(9), workers=1)
    assert one == run(worker_toys.double, range(9))


def test_workers_are_used_again() -> None:
    outcomes = run(worker_toys.process_id, [0.0] * 12)
    assert len({outcome.value for outcome in outcomes}) <= 2
    assert not any(is_alive(outcome.value) for outcome in outcomes)


@pytest.mark.case("IN-6")
@pytest.mark.parametrize(
    ("act", "failure"),
    [("exit", "crash"), ("quit", "crash"), ("segfault", "crash"), ("memory", "memory"), ("raise", "crash")],
)
def test_what_a_bad_item_does_costs_that_item_alone(act: str, failure: str) -> None:
    outcomes = run(worker_toys.misbehave, ["a", act, "b"], workers=1)
    assert [outcome.failure for outcome in outcomes] == ["", failure, ""]
    assert [outcome.value for outcome in outcomes] == ["done a", None, "done b"]


@pytest.mark.case("IN-6")
@pytest.mark.parametrize("act", ["hang", "loop"])
def test_an_item_that_never_ends_is_stopped(act: str) -> None:
    started = time.monotonic()
    outcomes = run(worker_toys.misbehave, [act, "b"], workers=1, seconds=1)
    assert [outcome.failure for outcome in outcomes] == ["timeout", ""]
    assert time.monotonic() - started < 20


def test_an_answer_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retune.io.worker.MAX_ANSWER_BYTES", 100)
    outcomes = run(worker_toys.misbehave, ["x" * 100, "b"], workers=1)
    assert [outcome.failure for outcome in outcomes] == ["memory", ""]


def test_what_an_item_starts_ends_with_the_worker() -> None:
    child = run(worker_toys.child, [1])[0].value
    assert ends(child)


def test_a_worker_that_cannot_start_is_an_error_and_not_a_bad_item() -> None:
    with pytest.raises(RetuneError, match="did not start"):
        run(lambda item: item, [1])


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no signal for the death of a parent")
def test_a_worker_dies_with_its_parent() -> None:
    code = textwrap.dedent("""
        from retune.io.worker import Worker
        from tests.io import worker_toys
        worker = Worker(worker_toys.process_id, timeout_seconds=60, memory_mb=512)
        print(worker.call(0).value, flush=True)
        worker.call(600)
    """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert is_alive(worker)
        time.sleep(0.3)  # it is busy by now, so that no read tells it that the parent is gone
        parent.kill()
    assert ends(worker)
