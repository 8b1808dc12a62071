"""The code of a training: which commit it was, found again by the hashes that dvc.lock has of each code file."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

COMMIT = "mlflow.source.git.commit"  # MLflow's own tag: its pages show it
MOST_COMMITS = 500  # looked through when the recorded one does not hold the code


def as_tags(root: Path) -> dict[str, str]:
    """Return the checkout's commit as a tag of a run, none where it has no git."""
    found = head(root)
    return {COMMIT: found} if found else {}


def head(root: Path) -> str:
    """Return the commit that is checked out, empty where there is none."""
    return _git(root, "rev-parse", "--verify", "--quiet", "HEAD").decode().strip() if has_git(root) else ""


def has_git(root: Path) -> bool:
    """Tell whether the folder is the root of a git repository: of another around it the files are none."""
    return (root / ".git").exists()


def differing(root: Path, commit: str, wanted: Mapping[str, str]) -> list[str]:
    """Return the paths of which a commit holds another content than `wanted` (path -> MD5), or none."""
    blobs = _blobs(root, commit, list(wanted))
    return sorted(path for path, md5 in wanted.items() if _md5(root, blobs.get(path, "")) != md5)


def holding(root: Path, wanted: Mapping[str, str], first: str) -> str:
    """Return a commit that holds all of `wanted` (path -> MD5): `first`, else the newest such, empty for none.

    A training from edited files that were committed later is found so.
    """
    for commit in _candidates(root, list(wanted), first):
        if not differing(root, commit, wanted):
            return commit
    return ""


def _candidates(root: Path, paths: list[str], first: str) -> Iterator[str]:
    """Yield the commits that may hold the code, the most likely one first."""
    if first and _git(root, "cat-file", "-t", first).strip() == b"commit":
        yield first
    listed = _git(root, "log", "--all", "--format=%H", f"--max-count={MOST_COMMITS}", "--", *paths)
    yield from listed.decode().split()


def _blobs(root: Path, commit: str, paths: list[str]) -> dict[str, str]:
    """Return the names of git's objects of these files in a commit."""
    listed = _git(root, "ls-tree", "-r", "-z", commit, "--", *paths).decode("utf-8", "surrogateescape")
    rows = [line.partition("\t") for line in listed.split("\0") if line]
    return {path: about.split()[2] for about, _, path in rows}


def _md5(root: Path, blob: str, known: dict[str, str] = {}) -> str:  # noqa: B006 - an object's content never changes
    """Return the MD5 of a git object's content, by which DVC knows a file; empty for none."""
    if blob and blob not in known:
        content = _git(root, "cat-file", "blob", blob)
        known[blob] = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return known.get(blob, "")


def _git(root: Path, *arguments: str) -> bytes:
    """Return what a git command prints, nothing where it fails."""
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else b""
