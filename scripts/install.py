"""Makes `.venv` hold exactly the locked packages: run by every `make` target, with nothing but the standard library.

`--ready` answers whether there is nothing to do; `--lock` renews requirements.lock; without either, it installs.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from scripts.lockfile import (
    CUDA_PACKAGE,
    block_of,
    blocks,
    cpu_wheels,
    for_cpu,
    names,
    pinned_version,
    with_torch_hashes,
)
from scripts.registry import pip_settings, uv_settings

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
# Holds STARTED while the environment is being changed, then the digest of what it was made from. What was left STARTED
# is made anew: a package that was half unpacked when the power went looks installed.
MARKER = VENV / ".retune-setup"
STARTED = "started"
OUTDATED = "whole, but of an older lock"
LOG = ROOT / ".retune" / "setup.log"

SUPPORTED = ("3.11", "3.12", "3.13")
CUDA_GIGABYTES = 2.7


def main(arguments: list[str]) -> int:
    """Answer `--ready`, renew the lock, or install; return the exit code."""
    if arguments[:1] == ["--ready"]:
        return 0 if is_ready(".".join(map(str, sys.version_info[:2]))) else 1
    LOG.parent.mkdir(mode=0o700, exist_ok=True)
    with LOG.with_suffix(".lock").open("w") as mutex:
        fcntl.flock(mutex, fcntl.LOCK_EX)
        if not arguments and is_ready(version_of_venv()):
            return 0
        with LOG.open("w", encoding="utf-8") as log:
            return guarded(Setup(log, mutex.fileno()), arguments)


def guarded(setup: Setup, arguments: list[str]) -> int:
    """Run the set-up or the renewal of the lock; a command that failed shows its last lines."""
    started = time.monotonic()
    try:
        renew_lock(setup, arguments[1:]) if arguments[:1] == ["--lock"] else install(setup)
    except subprocess.CalledProcessError as error:
        explain(error)
        return 1
    say(f"ready in {time.monotonic() - started:.0f} s")
    return 0


class Setup:
    """Runs the commands of a set-up: their noise goes to the log, and to the screen only that they still run."""

    def __init__(self, log: IO[str], mutex: int) -> None:
        self.log = log
        self.mutex = mutex
        self.environment = dict(os.environ)

    def run(self, *command: str | Path, todo: str) -> None:
        """Run a command; a failure raises CalledProcessError with `todo` as its note."""
        self.log.write(f"$ {' '.join(map(str, command))}\n")
        self.log.flush()
        # The child inherits the lock, so that one that outlives a killed make keeps the next make waiting.
        child = subprocess.Popen(
            command, stdout=self.log, stderr=self.log, cwd=ROOT, env=self.environment, pass_fds=[self.mutex]
        )
        started = time.monotonic()
        while True:
            try:
                code = child.wait(timeout=30)
                break
            except subprocess.TimeoutExpired:
                say(f"... still at it after {time.monotonic() - started:.0f} s")
        if code:
            error = subprocess.CalledProcessError(code, command)
            error.add_note(todo)
            raise error

    def uv(self, *arguments: str | Path, todo: str) -> None:
        """Run the pinned uv."""
        self.run(VENV / "bin" / "uv", *arguments, todo=todo)


def install(setup: Setup) -> None:
    """Make the environment, or bring it to the lock; a kill at any point is healed by the next call."""
    prepare(setup)
    lock = LOCK.read_text(encoding="utf-8")
    torch = torch_at_hand(setup, lock)
    wanted = for_cpu(lock, torch) if "+" in torch else lock
    announce(wanted, torch)
    requirements = VENV / "requirements.txt"
    requirements.write_text(wanted, encoding="utf-8")
    registry = "Is the package registry within reach? `make setup` goes on from here."
    hashes = "A wheel that you gave and trust (PIP_FIND_LINKS) gets its hash into the lock by `make lock`."
    # Compiled once, here: a stage that imports torch took 10 s more where nothing may write bytecode, as in images.
    options = ("--require-hashes", "--compile-bytecode", "--build-constraints", LOCK)
    sync = ("pip", "sync", "--python", VENV, *options, requirements)
    setup.uv(*sync, todo=f"{registry} {hashes}")
    editable = ("pip", "install", "--python", VENV, "--no-deps", "--no-build-isolation", "--editable", ".")
    setup.uv(*editable, todo="Does pyproject.toml hold what setuptools expects?")
    setup.uv("pip", "check", "--python", VENV, todo="The lock contradicts itself: `make lock` renews it.")
    MARKER.write_text(digest(version_of_venv() or ""), encoding="utf-8")


def prepare(setup: Setup) -> None:
    """Have an environment that works, marked as unfinished, with the pinned uv in it."""
    half_made = MARKER.exists() and MARKER.read_text(encoding="utf-8") == STARTED
    if half_made or version_of_venv() is None or has_moved():
        if VENV.exists():
            say("the environment .venv is broken, half made or moved: making it anew")
            shutil.rmtree(VENV)
        say(f"making .venv with Python {platform.python_version()}")
        VENV.mkdir()
        MARKER.write_text(STARTED, encoding="utf-8")
        setup.run(sys.executable, "-m", "venv", VENV, todo="Is there space left, and may you write here?")
    MARKER.write_text(STARTED, encoding="utf-8")
    setup.environment.update(uv_settings(pip_settings(PYTHON), os.environ))
    pinned = VENV / "uv.txt"
    pinned.write_text("\n".join(block_of("uv", LOCK.read_text(encoding="utf-8"))), encoding="utf-8")
    pip = (PYTHON, "-m", "pip", "install", "--no-deps", "--require-hashes", "--requirement", pinned)
    setup.run(*pip, todo="Is the package registry within reach? `make setup` goes on from here.")


def renew_lock(setup: Setup, options: list[str]) -> None:
    """Resolve pyproject.toml for every platform and Python into requirements.lock; `--upgrade` takes newer versions."""
    prepare(setup)
    wheels = [wheel for folder in setup.environment.get("UV_FIND_LINKS", "").split(",") for wheel in cpu_wheels(folder)]
    old = LOCK.read_text(encoding="utf-8")
    # A CPU wheel or a private index at hand must not decide what everybody else gets.
    for name in ("UV_FIND_LINKS", "UV_INDEX"):
        setup.environment.pop(name, None)
    setup.environment["UV_CUSTOM_COMPILE_COMMAND"] = "make lock"
    say("resolving pyproject.toml")
    compile_all = ("pip", "compile", "pyproject.toml", "--group", "dev", "--universal", "--python-version", "3.11")
    setup.uv(*compile_all, "--generate-hashes", "--output-file", LOCK, *options, todo="No set of versions fits.")
    MARKER.write_text(OUTDATED, encoding="utf-8")
    LOCK.write_text(with_torch_hashes(LOCK.read_text(encoding="utf-8"), old, wheels), encoding="utf-8")
    say(f"wrote {LOCK.name}: {len(blocks(LOCK.read_text(encoding='utf-8')))} packages; `make setup` installs them")


def is_ready(version: str | None) -> bool:
    """Say whether the environment, of this version of Python, is whole and was made from this lock in this place."""
    return version is not None and MARKER.exists() and MARKER.read_text(encoding="utf-8") == digest(version)


def digest(version: str) -> str:
    """Return the hash of all that the environment depends on; scripts in it hold absolute paths, hence the place."""
    sources = [LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), str(ROOT).encode(), version.encode()]
    return hashlib.sha256(b"\0".join(sources)).hexdigest()


def version_of_venv() -> str | None:
    """Return the version (3.11) of the environment's Python, or None where it is missing, broken or too old."""
    check = "import sys, pip; print(sys.version)"
    try:
        answer = subprocess.run([PYTHON, "-I", "-c", check], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    version = ".".join(answer.stdout.split(".")[:2])
    return version if version in SUPPORTED else None


def has_moved() -> bool:
    """Say whether the environment was made in another place: its commands would start the Python that stood there."""
    return str(VENV) not in (VENV / "bin" / "pip").read_text(encoding="utf-8")


def torch_at_hand(setup: Setup, lock: str) -> str:
    """Return the version of torch that would be installed: 2.13.0+cpu where a CPU wheel is at hand, else 2.13.0."""
    version = pinned_version("torch", lock)
    answer = VENV / "torch.txt"
    wanted = VENV / "torch.in"
    wanted.write_text(f"torch=={version}\n", encoding="utf-8")
    options = (
        "--no-deps",
        "--no-header",
        "--no-annotate",
        "--python",
        PYTHON,
        "--output-file",
        answer,
    )
    setup.uv("pip", "compile", wanted, *options, todo="Is the package registry within reach?")
    return pinned_version("torch", answer.read_text(encoding="utf-8"))


def announce(wanted: str, torch: str) -> None:
    """Say what is about to be installed, and before a CUDA download how large it is and how to do without."""
    cuda = [name for name in names(wanted) if CUDA_PACKAGE.match(f"{name}==")]
    is_here = any(VENV.glob("lib/*/site-packages/nvidia"))
    if cuda and not is_here and sys.platform == "linux" and platform.machine() == "x86_64":
        tag = f"cp{(version_of_venv() or '').replace('.', '')}"
        say(f"no CPU build of torch is at hand: downloading {CUDA_GIGABYTES} GB in {len(cuda) + 1} packages with CUDA.")
        say(f"To do without, put torch-{torch}+cpu-{tag}-{tag}-manylinux_2_28_x86_64.whl into a folder, then:")
        say("    export PIP_FIND_LINKS=/that/folder; rm -rf .venv; make lock setup")
    say(f"installing the locked packages, with torch {torch} (log: {LOG.relative_to(ROOT)})")


def explain(error: subprocess.CalledProcessError) -> None:
    """Show which command failed, the last lines of the log and what to do."""
    written = LOG.read_text(encoding="utf-8", errors="replace").splitlines()
    # A hash that does not match is followed by every one that would have.
    lines = [line for line in written if line.strip() and not line.lstrip().startswith("sha256:")]
    say(f"set-up failed: {Path(str(error.cmd[0])).name} ended with {error.returncode}. The end of {LOG}:")
    for line in lines[-15:]:
        say(f"  | {line}")
    for note in error.__notes__:
        say(note)


def say(text: str) -> None:
    """Print one line at once, also into a pipe."""
    print(f"retune: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
