"""Before a version may answer: its files are those that were registered, and in a fresh process it answers."""

from __future__ import annotations

import platform

from retune.core.fingerprint import sha256_of
from retune.io import logged_model
from retune.io.registry import PACKAGE, Registry, Version

ANSWERED = "retune.answered"  # on a version: with which packages it has answered its own example


def check(registry: Registry, version: Version) -> None:
    """Raise IntegrityError unless a version's files are its own and it answers its own input example, offline.

    Its files are hashed each time. It is loaded, which takes ten seconds and more, where these very files have not yet
    answered with the packages that are installed now: a rollback under way has no time for what is known.
    """
    package = version.tags.get(PACKAGE, "")
    with logged_model.checked(registry.uri, version.source, package) as folder:
        if version.tags.get(ANSWERED) != key(package):
            logged_model.check_reload(folder)
            registry.tag(version.number, {ANSWERED: key(package)})


def key(package_sha256: str) -> str:
    """Return what says that these files answered in an environment like this one."""
    environment = [logged_model.requirements({}), platform.python_version(), platform.system(), platform.machine()]
    return sha256_of([package_sha256, *environment])[:16]
