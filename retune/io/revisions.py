"""The code of a training: which commit it was, found again by the hashes that dvc.lock has of each code file."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from retune.io.source import digest

COMMIT = "mlflow.source.git.commit"  # MLflow's own tag: its pages show it
MOST_COMMITS = 500  # looked through when the recorded one does not hold the code


def as_tags(root: Path) -> dict[str, str]:
    """Return the checkout's commit as a tag of a run, none where it has no git."""
    found = head(root)
    return {COMMIT: found} if found else {}


def head(root: Path) -> str:
    """Return the commit that is checked out, empty where there is none: a repository around the folder is another."""
    return _git(root, "rev-parse", "--verify", "--quiet", "HEAD").decode().strip() if (root / ".git").exists() else ""


def holding(root: Path, wanted: Mapping[str, str], first: str) -> str:
    """Return a commit that holds all of `wanted` (path -> DVC's hash): `first`, else the newest, empty for none.

    A training from edited files that were committed later is found so.
    """
    known: dict[str, str] = {}
    for commit in _candidates(root, list(wanted), first) if head(root) else ():
        blobs = _blobs(root, commit, list(wanted))
        if all(_hash(root, path, blobs, known) == expected for path, expected in wanted.items()):
            return commit
    return ""


def write_out(root: Path, commit: str, folder: Path) -> None:
    """Write the files of a commit into a folder."""
    content = _git(root, "archive", "--format=tar", commit)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(folder, filter="data")


def _candidates(root: Path, paths: list[str], first: str) -> Iterator[str]:
    """Yield the commits that may hold the code, the most likely one first."""
    if first and _git(root, "cat-file", "-t", first).strip() == b"commit":
        yield first
    yield head(root)
    listed = _git(root, "log", "--all", "--format=%H", f"--max-count={MOST_COMMITS}", "--", *paths)
    yield from listed.decode().split()


def _blobs(root: Path, commit: str, paths: list[str]) -> dict[str, str]:
    """Return the names of git's objects of the files at or below these paths in a commit."""
    listed = _git(root, "ls-tree", "-r", "-z", commit, "--", *paths).decode("utf-8", "surrogateescape")
    rows = [line.partition("\t") for line in listed.split("\0") if line]
    return {path: about.split()[2] for about, _, path in rows}


def _hash(root: Path, path: str, blobs: Mapping[str, str], known: dict[str, str]) -> str:
    """Return the hash that DVC gives a file or a folder of a commit, empty where the commit has none."""
    if path in blobs:
        return _md5(root, blobs[path], known)
    below = {name.removeprefix(f"{path}/"): blob for name, blob in blobs.items() if name.startswith(f"{path}/")}
    return digest({name: _md5(root, blob, known) for name, blob in below.items()}) if below else ""


def _md5(root: Path, blob: str, known: dict[str, str]) -> str:
    """Return the MD5 of a git object's content, by which DVC knows a file; `known` is asked first and added to."""
    if blob not in known:
        content = _git(root, "cat-file", "blob", blob)
        known[blob] = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return known[blob]


def _git(root: Path, *arguments: str) -> bytes:
    """Return what a git command prints, nothing where it fails."""
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else b""
