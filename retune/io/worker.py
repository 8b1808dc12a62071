"""A process that may hang, crash or eat memory without harm: what it is asked and answers passes as JSON through pipes.

`Worker` is the side of the caller. The other side, `python -m retune.io.worker`, imports nothing but the one function.
Linux, macOS; where there is no `prctl`, a worker whose parent died ends at the next read.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from retune.core.errors import RetuneError

MAX_ANSWER_BYTES = 256 * 2**20
START_SECONDS = 120.0  # a cold disk and busy processors; a worker imports in less than one
READY = {"ready": True}
PR_SET_PDEATHSIG = 1
HEADER_BYTES = 8


@dataclass(frozen=True)
class Outcome:
    """What came of one item: a value, or why there is none (`timeout`, `memory`, `crash`)."""

    value: Any = None
    failure: str = ""
    detail: str = ""


class WorkerLostError(Exception):
    """The worker gave no answer and is of no more use."""

    def __init__(self, failure: str, detail: str) -> None:
        self.outcome = Outcome(failure=failure, detail=detail)
        super().__init__(detail)


class Worker:
    """One process that calls one importable function; it starts when it is first needed and again after a loss."""

    def __init__(self, function: Callable[..., Any], *, timeout_seconds: float, memory_mb: int) -> None:
        self.function = f"{function.__module__}:{function.__qualname__}"
        self.timeout_seconds, self.memory_mb = timeout_seconds, memory_mb
        self.process: subprocess.Popen[bytes] | None = None

    def call(self, item: Any) -> Outcome:
        """Return what the function makes of one JSON value; a loss costs this item and no other."""
        process = self.process or self._start()
        try:
            answer = self._ask(process, item, self.timeout_seconds)
        except WorkerLostError as lost:
            self.close()
            return lost.outcome
        if answer.get("failure") == "memory":
            self.close()  # nobody knows what is left of the process
        return Outcome(**answer)

    def close(self) -> None:
        """Kill the process and whatever it has started."""
        process, self.process = self.process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()

    def _start(self) -> subprocess.Popen[bytes]:
        paths = os.pathsep.join(path for path in sys.path if path)
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "retune.io.worker", self.function, str(self.memory_mb), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, **threads, "PYTHONPATH": paths, "PYTHONHASHSEED": "0"},
            start_new_session=True,
        )
        try:
            self._ask(self.process, {"seconds": self.timeout_seconds}, START_SECONDS)
        except WorkerLostError as lost:
            self.close()
            raise RetuneError(
                f"a worker for {self.function} did not start with {self.memory_mb} MB of memory ({lost}). "
                "Give it more memory, or run it by hand to see why it stops"
            ) from lost
        return self.process

    def _ask(self, process: subprocess.Popen[bytes], item: Any, seconds: float) -> Any:
        """Send one value and return the answer, or raise WorkerLostError."""
        assert process.stdin is not None  # noqa: S101 - both are pipes, for the type checker
        assert process.stdout is not None  # noqa: S101
        deadline = time.monotonic() + seconds
        try:
            _send(process.stdin.fileno(), item)
            size = int.from_bytes(_receive(process.stdout.fileno(), HEADER_BYTES, deadline), "big")
            if size > MAX_ANSWER_BYTES:
                raise WorkerLostError("memory", f"the answer has {size} bytes, more than {MAX_ANSWER_BYTES}")
            return json.loads(_receive(process.stdout.fileno(), size, deadline))
        except TimeoutError as error:
            raise WorkerLostError("timeout", f"no answer after {seconds:g} s") from error
        except (EOFError, BrokenPipeError) as error:
            raise WorkerLostError(*_end_of(process)) from error


def _end_of(process: subprocess.Popen[bytes]) -> tuple[str, str]:
    """Return why a process that closed its pipes ended."""
    try:
        code = process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        return "crash", "the worker closed its pipes"
    if code == -signal.SIGXCPU:
        return "timeout", "the limit of processor time was reached"
    return "crash", f"the worker ended with {signal.Signals(-code).name if code < 0 else f'code {code}'}"


def _send(handle: int, value: Any) -> None:
    body = json.dumps(value).encode("ascii")
    rest = memoryview(len(body).to_bytes(HEADER_BYTES, "big") + body)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _receive(handle: int, size: int, deadline: float | None = None) -> bytes:
    """Read exactly `size` bytes; raise TimeoutError after the deadline and EOFError where there are no more."""
    chunks: list[bytes] = []
    while size:
        if deadline is not None and not select.select([handle], [], [], max(deadline - time.monotonic(), 0))[0]:
            raise TimeoutError
        chunk = os.read(handle, min(size, 2**20))
        if not chunk:
            raise EOFError
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def _limit(memory_mb: int, parent: int) -> None:
    """Set the limits of this process, and let it die with its parent."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            sys.exit(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    size = memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (size, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _limit_processor_seconds(seconds: float) -> None:
    """Allow this much more processor time: it ends a loop even where nobody is left to kill it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    allowed = int(usage.ru_utime + usage.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _private_pipes() -> tuple[int, int]:
    """Keep the pipes to the parent for the answers alone: what a library prints goes nowhere."""
    requests, answers = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    return requests, answers


def _answer(function: Callable[..., Any], item: Any) -> dict[str, Any]:
    """Call the function; whatever a library raises is an answer, since a bad file must not end the others."""
    try:
        return {"value": function(item)}
    except MemoryError:
        return {"failure": "memory", "detail": "the limit of memory was reached"}
    except Exception as error:  # noqa: BLE001 - parsers raise ten classes for a damaged file, a bare KeyError among them
        # The message stays here: it can hold a piece of the document.
        return {"failure": "crash", "detail": f"{type(error).__name__} was raised"}


def serve(reference: str, memory_mb: int, parent: int) -> None:
    """Answer until the parent closes the pipe."""
    _limit(memory_mb, parent)
    module, _, name = reference.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    requests, answers = _private_pipes()
    with contextlib.suppress(EOFError, BrokenPipeError):
        seconds = _next(requests)["seconds"]
        _send(answers, READY)
        while True:
            item = _next(requests)
            _limit_processor_seconds(seconds)
            _send(answers, _answer(function, item))


def _next(requests: int) -> Any:
    return json.loads(_receive(requests, int.from_bytes(_receive(requests, HEADER_BYTES), "big")))


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
