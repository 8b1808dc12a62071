"""What in a base's JSON could make a library run code, fetch something, or read a file elsewhere; nothing is loaded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

# Tokens are keys there, and may be any words; the libraries that read them run nothing.
VOCABULARIES = ("tokenizer.json", "vocab.json", "added_tokens.json", "encoder.json")
# transformers 4.56 to 5.2 loaded code by the second although trust_remote_code was off (CVE-2026-4372), and LightGlue's
# nested flag overrode that (CVE-2026-5241). The last ones are hydra's and jsonpickle's.
CODE_KEYS = frozenset(
    {
        "auto_map", "_attn_implementation_internal", "_experts_implementation_internal", "custom_pipelines",
        "custom_generate", "kernel_config", "use_kernels", "py_module", "_target_", "py/object", "py/reduce",
    }
)  # fmt: skip
FLAGS = ("trust_remote_code", "use_pretrained_backbone")  # harmless only where they are off
# Of attention and of experts, in transformers itself; others come from the hub.
KERNELS = (
    None, "eager", "sdpa", "flash_attention_2", "flash_attention_3", "flex_attention", "batched_mm", "grouped_mm",
)  # fmt: skip
MODULE_LISTS = frozenset(
    {
        "target_modules", "target_parameters", "modules_to_save", "exclude_modules", "modules_to_not_convert",
        "llm_int8_skip_modules", "_no_split_modules", "_keep_in_fp32_modules", "weight_map",
    }
)  # fmt: skip
DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
KNOWN_DOTTED = re.compile(
    r"torch\.(b?float|u?int)\d+|megatron\.core|(transformers|sentence_transformers)\.models\.[\w.]+"
    r"|[\w.-]+\.(json|jsonl|txt|csv|model|jinja|safetensors|bpe|gz)"
)
REMOTE_CLASS = re.compile(r"\S+--\w+(\.\w+)+")  # owner/name--module.Class
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


class DuplicateKeyError(ValueError):
    """One key twice: a checker and a loader may each read another one."""


def read(text: str) -> Any:
    """Return the value of a JSON text; ValueError for a key that stands twice, or nesting without end."""
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def faults(name: str, value: Any) -> list[str]:
    """Return what speaks against the value of a JSON file in a model folder; `name` is its path in there."""
    file = PurePosixPath(name).name
    if file in VOCABULARIES:
        return []
    if file.endswith(".index.json"):
        return _faults_of_index(value)
    items = list(_walk(value))
    found = [fault for path, key, item in items for fault in _faults_of_key(path, key, item)]
    if "config" in file or file == "modules.json":  # what libraries read; in others a dot may be one of a label
        found += [fault for path, key, item in items for fault in _faults_of_text(path, key, item)]
    found += _faults_of_adapter(name, value) if file == "adapter_config.json" else []
    return list(dict.fromkeys(found))


def templates(value: Any) -> dict[str, str]:
    """Return the chat templates in a tokenizer's settings by their name."""
    given = value.get("chat_template") if isinstance(value, dict) else None
    if isinstance(given, str):
        return {"chat_template": given}
    items: list[tuple[Any, Any]] = []
    if isinstance(given, list):
        items = [(item.get("name"), item.get("template")) for item in given if isinstance(item, dict)]
    elif isinstance(given, dict):
        items = list(given.items())
    return {f"chat_template {name}": text for name, text in items if isinstance(text, str)}


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; DuplicateKeyError where a key stands twice."""
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise DuplicateKeyError(f"the key {twice} stands twice")
    return value


def _walk(value: Any, path: str = "", key: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yield everything in a value: the path to it, the nearest key above it, and itself."""
    yield path, key, value
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _walk(item, f"{path}.{name}".lstrip("."), name)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, path, key)


def _faults_of_key(path: str, key: str, item: Any) -> list[str]:
    """Return what speaks against a value for the sake of its key."""
    if key in CODE_KEYS or (key in FLAGS and item not in (False, None)):
        return [f"{path} asks for code"]
    if key.endswith("_implementation"):
        kernels = item.values() if isinstance(item, dict) else [item]
        return [f"{path} asks for a kernel of its own, {kernel!r}" for kernel in kernels if kernel not in KERNELS]
    return []


def _faults_of_text(path: str, key: str, text: Any) -> list[str]:
    """Return what speaks against a text: it names code, an address, or a file that lies elsewhere."""
    if not isinstance(text, str):
        return []
    if key.endswith("_class") and not IDENTIFIER.fullmatch(text) and not KNOWN_DOTTED.fullmatch(text):
        return [f"{path} names code, {text!r}"]
    dotted = DOTTED.fullmatch(text) and key not in MODULE_LISTS and not KNOWN_DOTTED.fullmatch(text)
    if dotted or REMOTE_CLASS.fullmatch(text):
        return [f"{path} names something to import, {text!r}"]
    if ADDRESS.match(text) and "licen" not in key:
        return [f"{path} is an address"]
    # transformers drops the one name: it was a path on the machine of whoever saved the tokenizer.
    if key.endswith("_file") and key != "special_tokens_map_file" and not _is_inside(text):
        return [f"{path} is a file elsewhere, {text!r}"]
    return []


def _faults_of_index(value: Any) -> list[str]:
    """Return what speaks against an index of weights in several files."""
    shards = value.get("weight_map") if isinstance(value, dict) else None
    if not isinstance(shards, dict) or not shards:
        return ["it maps no weights to files"]
    names = sorted({str(name) for name in shards.values()})
    return [f"{name!r} is no file of safetensors beside it" for name in names if not _is_shard(name)]


def _faults_of_adapter(name: str, value: Any) -> list[str]:
    """Return what speaks against an adapter: in a base, transformers would load the model that it points to instead."""
    if "/" not in name:
        target = value.get("base_model_name_or_path") if isinstance(value, dict) else None
        return [f"an adapter of {target!r} would be loaded in the base's place"]
    return []


def _is_inside(name: str) -> bool:
    """Tell whether a name is that of a file in the same folder or below."""
    path = PurePosixPath(name.replace("\\", "/"))
    return not path.is_absolute() and ".." not in path.parts and not re.match(r"[A-Za-z]:", name)


def _is_shard(name: str) -> bool:
    """Tell whether a name is one of safetensors, in the same folder."""
    return name.endswith(".safetensors") and "/" not in name and "\\" not in name
