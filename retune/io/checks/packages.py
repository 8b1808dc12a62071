"""The packages that training can reach are those of the lock: others make another model."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from retune.core.checkup import Finding, Look
from retune.core.packages import reached

QUICK = False
LOCK = "requirements.lock"
SHOWN = 5


def examine(look: Look) -> list[Finding]:
    """Compare installed releases with requirements.lock; a local build such as +cpu is the same release."""
    lock = Path(look.root) / LOCK
    if not lock.exists():
        return [Finding("warning", f"no {LOCK}: versions are whatever is installed", "Restore it from git.")]
    pins = _pins(lock.read_text(encoding="utf-8"))
    have = {name: _installed(name) for name in pins}
    wrong = [f"{name} {have[name]} (locked: {pin})" for name, pin in pins.items() if have[name] not in ("", pin)]
    if wrong:
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        return [Finding("warning", f"not as locked: {', '.join(wrong[:SHOWN])}{more}", "make setup")]
    return [Finding("well", f"the {len(pins)} packages that training reaches are as locked")]


def _pins(lock: str) -> dict[str, str]:
    """Return the locked release of each package on this platform and Python."""
    from packaging.requirements import Requirement

    wanted = [Requirement(pin) for pin in reached(lock)]
    here = [one for one in wanted if one.marker is None or one.marker.evaluate()]
    return {one.name: next(iter(one.specifier)).version for one in here}


def _installed(name: str) -> str:
    """Return the installed release of a package, empty where it is not there (a lock covers several platforms)."""
    try:
        return version(name).partition("+")[0]
    except PackageNotFoundError:
        return ""
