"""Servers of this machine: is a port free, does a server answer, and does it end with us."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from typing import Any

from retune.core.errors import UnavailableError

PR_SET_PDEATHSIG = 1


def is_free(host: str, port: int) -> bool:
    """Tell whether nothing listens on a port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def stop_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies; to be called in the child, Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def end_group(process: subprocess.Popen[Any], patience_seconds: float = 5.0) -> None:
    """End a process that was started in a session of its own, and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(patience_seconds)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def wait_until_answers(process: subprocess.Popen[bytes], url: str, patience_seconds: float) -> None:
    """Return when the server answers; raises UnavailableError when it ended or is silent for too long."""
    until = time.monotonic() + patience_seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise UnavailableError(f"the server for {url} ended with exit code {process.returncode}; see .retune/logs/")
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - the URL is our own server's on loopback
                return
        except urllib.error.HTTPError:
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise UnavailableError(f"no answer from {url} in {patience_seconds:.0f} s; see .retune/logs/")
