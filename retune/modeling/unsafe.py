"""Model folders that could run code when they are loaded: refused by what is in them, before anything is loaded."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from retune.core import chat_template, model_json, tensor_header
from retune.core.errors import UserError

TEXTS = (".txt", ".md", ".jinja", ".bpe", ".tiktoken", "")
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".pdf")  # of a README: nothing loads them
HIDDEN_FOLDERS = (".git", ".cache")  # of a clone and of a download: nothing loads from them
LARGEST_TEXT_BYTES = 64_000_000  # the largest vocabulary seen, Gemma's, has 34 MB
BEGINNINGS = {
    **dict.fromkeys((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"), "a pickle"),
    b"PK\x03\x04": "a zip, as torch.save writes",
    b"\x1f\x8b": "a gzip",
    b"\x89HDF": "HDF5",
    b"\x7fELF": "a program",
    b"\xcf\xfa\xed\xfe": "a program",
    b"#!": "a script",
}
SHOWN = 6
TODO = (
    "Export the model with save_pretrained(..., safe_serialization=True), weights and tokenizer only, or copy only its "
    "*.safetensors, *.json, *.txt, *.model and *.jinja into a folder of their own."
)


def refuse(folder: Path) -> None:
    """Raise UserError for a model folder that could run code when it is loaded, naming what speaks against it.

    The files are read, and none is loaded: neither unpickled, imported nor rendered, and nothing is fetched.
    """
    found = [f"{name}: {fault}" for name, path in _files(folder) for fault in _faults(folder, name, path)]
    found += _faults_of_shards(folder) if not found else []
    if not found and not any(name.endswith(".safetensors") for name, _ in _files(folder)):
        found = ["no weights as safetensors"]
    if found:
        more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        expected = f"a model folder {folder.name} of safetensors and JSON that runs no code"
        raise UserError(expected=expected, found="; ".join(found[:SHOWN]) + more, todo=TODO)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the path in the folder, and the path, of all that lies in it, links unfollowed, sorted."""
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        folders[:] = sorted(set(folders) - {*links, *HIDDEN_FOLDERS})
        for name in sorted([*files, *links]):
            path = Path(place) / name
            yield path.relative_to(folder).as_posix(), path


def _faults(folder: Path, name: str, path: Path) -> list[str]:
    """Return what speaks against one file."""
    if path.is_symlink() and not _stays(folder, path):
        return ["it is a link out of the folder"]
    if not stat.S_ISREG(path.stat().st_mode):
        return ["it is no file"]
    suffix = path.suffix.lower()
    if suffix in PICTURES:
        return []
    # The length of a header of safetensors, which comes first, may be any bytes.
    beginning = "" if suffix == ".safetensors" else _beginning(path)
    if beginning:
        return [f"it is {beginning}"]
    try:
        return _faults_of_kind(name, path, suffix)
    except (ValueError, RecursionError) as error:  # also text that is not UTF-8
        return [str(error)]


def _stays(folder: Path, path: Path) -> bool:
    """Tell whether a link leads to a file of the folder, or of the hub's cache that the folder is a snapshot of."""
    inside = [folder.resolve()]
    if folder.resolve().parent.name == "snapshots":
        inside.append(folder.resolve().parent.parent / "blobs")
    target = path.resolve()
    return target.is_file() and any(target.is_relative_to(place) for place in inside)


def _beginning(path: Path) -> str:
    """Return what the first bytes say a file is, empty for nothing that is refused."""
    with path.open("rb") as stream:
        start = stream.read(4)
    return next((kind for beginning, kind in BEGINNINGS.items() if start.startswith(beginning)), "")


def _faults_of_kind(name: str, path: Path, suffix: str) -> list[str]:
    """Return what speaks against a file of a kind that is read; ValueError where it is not what its name says."""
    if suffix == ".safetensors":
        tensors(path)
        return []
    if suffix == ".model":  # a vocabulary of SentencePiece: data only, read by its own library
        return []
    if suffix == ".json":
        value = model_json.read(_text(path))
        templates = model_json.templates(value)
        inner = [f"{key}: {fault}" for key, text in templates.items() for fault in chat_template.faults(text)]
        return model_json.faults(name, value) + inner
    if suffix not in TEXTS:
        return [f"a file of the kind {suffix}, which is code or may hold some"]
    return chat_template.faults(_text(path)) if suffix == ".jinja" else _binary(_text(path))


def tensors(path: Path) -> list[str]:
    """Return the names of the tensors in a file of safetensors; ValueError where its header is not as it must be."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        length = tensor_header.header_bytes(stream.read(tensor_header.LENGTH_BYTES), size)
        return tensor_header.names(stream.read(length), size - length - tensor_header.LENGTH_BYTES)


def _text(path: Path) -> str:
    """Return a file's text; ValueError for one that is none, or far too long."""
    if path.stat().st_size > LARGEST_TEXT_BYTES:
        raise ValueError(f"it has {path.stat().st_size:,} bytes, more than {LARGEST_TEXT_BYTES:,}")
    return path.read_bytes().decode("utf-8")


def _binary(text: str) -> list[str]:
    """Return what speaks against a text that holds what no text does."""
    return ["it is binary"] if "\0" in text else []


def _faults_of_shards(folder: Path) -> list[str]:
    """Return where an index and the weights in several files do not agree."""
    found = []
    for index in sorted(folder.glob("*.safetensors.index.json")):
        shards: dict[str, Any] = model_json.read(_text(index))["weight_map"]
        missing = sorted({name for name in shards.values() if not (folder / name).is_file()})
        if missing:
            found.append(f"{index.name}: {', '.join(missing)} not there")
            continue
        held = {name: set(tensors(folder / name)) for name in set(shards.values())}
        elsewhere = [tensor for tensor, name in shards.items() if tensor not in held[name]]
        found += [f"{index.name}: {shards[tensor]} has no {tensor}" for tensor in elsewhere[:SHOWN]]
    return found
