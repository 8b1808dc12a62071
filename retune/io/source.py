"""The documents' source against data/: what `dvc update` would delete or revert is found before it does.

data.dvc with `deps` is an import: the source is elsewhere, and data/ is its copy. Without `deps`, data/ is the source.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from retune.core.errors import UserError
from retune.io import dvc
from retune.io.files import md5_file

TRACKED, FOLDER = "data.dvc", "data"
SHOWN = 10


@dataclass(frozen=True)
class Source:
    """Where the documents come from, as data.dvc says it."""

    location: str  # a path or URL; empty where data/ itself is the source
    recorded_md5: str

    @property
    def is_local(self) -> bool:
        """Tell whether the source is a folder of this machine."""
        return bool(self.location) and "://" not in self.location


def read_source(root: Path) -> Source:
    """Return the source that data.dvc names; raises UserError where there are neither data.dvc nor data/."""
    tracked = root / TRACKED
    if not tracked.exists():
        if (root / FOLDER).is_dir():
            return Source(location="", recorded_md5="")
        raise UserError(
            expected=f"{TRACKED}, or a folder {FOLDER}/ with documents",
            found="neither",
            todo="Name the documents' source: make source FROM=samples/documents",
        )
    try:
        content: Any = yaml.safe_load(tracked.read_text(encoding="utf-8"))
        out, deps = content["outs"][0], content.get("deps") or []
        return Source(location=str(deps[0]["path"]) if deps else "", recorded_md5=str(out.get("md5", "")))
    except (yaml.YAMLError, KeyError, IndexError, TypeError) as error:
        raise UserError(
            expected=f"a {TRACKED} as DVC writes it",
            found=f"one that cannot be read ({error})",
            todo="Make it anew: make source FROM=samples/documents",
        ) from error


def update(root: Path, say: dvc.Say) -> bool:
    """Bring data/ up to date with its source, and return whether it changed.

    Raises UserError, and changes nothing, where that would delete or revert files that the source does not have.
    """
    source = read_source(root)
    present = listing(root / FOLDER)
    if not source.location:
        return _record_own(root, source, present, say)
    offered = listing(_local(root, source)) if source.is_local else None
    if offered is not None and not offered:
        raise UserError(
            expected=f"documents in {source.location}",
            found="no such folder" if not _local(root, source).exists() else "an empty folder",
            todo="Put documents there, or name another source: make source FROM=FOLDER_OR_URL",
        )
    _refuse_to_lose(root, source, present, offered)
    if offered is not None and present == offered and digest(offered) == source.recorded_md5:
        return False
    before = digest(present)
    dvc.command(root, ["update", TRACKED], doing=f"to update data/ from {source.location}", say=say)
    return digest(listing(root / FOLDER)) != before


def choose(root: Path, location: str, say: dvc.Say) -> None:
    """Make a folder, a URL, or data/ itself the documents' source.

    Raises UserError, and changes nothing, where data/ holds files that are nowhere else.
    """
    if location.rstrip("/") == FOLDER:
        (root / TRACKED).unlink(missing_ok=True)
        _record_own(root, Source(location="", recorded_md5=""), listing(root / FOLDER), say)
        return
    if "://" not in location and not listing((root / location).resolve()):
        raise UserError(
            expected=f"documents in {location}", found="none", todo="Name a folder that has some, or a URL."
        )
    present = listing(root / FOLDER)
    if present:
        known = read_source(root) if (root / TRACKED).exists() else Source(location, "")
        _refuse_to_lose(root, known, present, listing(_local(root, known)) if known.is_local else None)
        shutil.rmtree(root / FOLDER)  # DVC would import into it, beside what is there
    arguments = ["import-url", "--force", location, FOLDER]
    dvc.command(root, arguments, doing=f"to import the documents from {location}", say=say)


def _local(root: Path, source: Source) -> Path:
    """Return the folder of a local source."""
    return (root / source.location).resolve()


def _record_own(root: Path, source: Source, present: dict[str, str], say: dvc.Say) -> bool:
    """Track data/ itself, where its user fills it."""
    if not present:
        raise UserError(
            expected=f"documents in {FOLDER}/, which is its own source here",
            found="none",
            todo=f"Put documents into {FOLDER}/, or name a source: make source FROM=FOLDER_OR_URL",
        )
    if digest(present) == source.recorded_md5:
        return False
    dvc.command(root, ["add", FOLDER], doing=f"to record {FOLDER}/", say=say)
    return True


def _refuse_to_lose(root: Path, source: Source, present: dict[str, str], offered: dict[str, str] | None) -> None:
    """Raise UserError where data/ holds what neither the source nor the last import has."""
    imported = _imported(root, source)
    known = [*([imported] if imported is not None else []), *([offered] if offered is not None else [])]
    own = sorted(path for path, md5 in present.items() if not any(files.get(path) == md5 for files in known))
    if not own:
        return
    shown = ", ".join(own[:SHOWN]) + (f" and {len(own) - SHOWN} more" if len(own) > SHOWN else "")
    raise UserError(
        expected=f"{FOLDER}/ to hold what {source.location} holds, of which it is a copy",
        found=f"{len(own)} added or edited in {FOLDER}/: {shown}",
        todo=f"Updating would lose them. Move them into {source.location}, or make {FOLDER}/ the source itself: "
        "make source FROM=data",
    )


def _imported(root: Path, source: Source) -> dict[str, str] | None:
    """Return path -> MD5 of the last import from DVC's cache, or None where the cache does not have it."""
    md5 = source.recorded_md5.removesuffix(".dir")
    path = root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / f"{md5[2:]}.dir"
    if not md5 or not path.exists():
        return None
    return {entry["relpath"]: entry["md5"] for entry in json.loads(path.read_text(encoding="utf-8"))}


def listing(folder: Path) -> dict[str, str]:
    """Return relative path -> MD5 of every file below a folder; a missing folder has none."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    return {path.relative_to(folder).as_posix(): md5_file(path) for path in files if path.name not in IGNORED}


IGNORED = frozenset({".DS_Store", "Thumbs.db", ".gitignore", ".dvcignore"})


def digest(files: dict[str, str]) -> str:
    """Return the hash that DVC gives a folder with these files: the MD5 of its sorted listing as JSON."""
    entries = [
        {"md5": md5, "relpath": path} for path, md5 in sorted(files.items(), key=lambda item: item[0].split("/"))
    ]
    text = json.dumps(entries, sort_keys=True).encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest() + ".dir"
