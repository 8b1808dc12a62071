"""How many tokens a text is, by the tokenizer of a base that lies on this machine; no weights are loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from retune.core.errors import UserError
from retune.modeling.bases import BUNDLED, locate, resolve

BYTE_PAIRS = (("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe"))  # as GPT-2 was published, the second


def counter(base: str) -> Callable[[str], int]:
    """Return what counts the tokens of a text; raises UserError for a base without a tokenizer on this machine."""
    tokenizer = _tokenizer(locate(resolve(base)) if base in BUNDLED else _folder(base), base)

    def count(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    return count


def _folder(base: str) -> Path:
    """Return a base's folder."""
    if Path(base).is_dir():
        return Path(base)
    todo = "Download the base first and name its folder; nothing is fetched to count tokens."
    raise UserError(expected=f"a folder with a tokenizer, or one of {', '.join(BUNDLED)}", found=base, todo=todo)


def _tokenizer(folder: Path, base: str) -> Any:
    """Return the tokenizer in a folder, without the cutting and padding that its file may ask for."""
    from tokenizers import ByteLevelBPETokenizer, Tokenizer

    pairs = [pair for pair in BYTE_PAIRS if all((folder / name).is_file() for name in pair)]
    if (folder / "tokenizer.json").is_file():
        tokenizer = _read(lambda: Tokenizer.from_file(str(folder / "tokenizer.json")), folder)
    elif pairs:
        vocabulary, merges = pairs[0]
        tokenizer = _read(lambda: _byte_pairs(ByteLevelBPETokenizer, folder / vocabulary, folder / merges), folder)
    else:
        known = " or ".join(["tokenizer.json", *(" and ".join(pair) for pair in BYTE_PAIRS)])
        raise UserError(expected=f"{known} in {folder}", found="neither", todo=f"Correct --base {base}.")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _byte_pairs(kind: Any, vocabulary: Path, merges: Path) -> Any:
    """Return a byte-level tokenizer of a vocabulary and its merges."""
    lines = merges.read_text(encoding="utf-8").split("\n")
    pairs = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
    return kind(json.loads(vocabulary.read_text(encoding="utf-8")), pairs)


def _read(make: Callable[[], Any], folder: Path) -> Any:
    """Return what was made; raises UserError where the files hold no tokenizer."""
    try:
        return make()
    except Exception as error:  # the library raises no narrower class for a broken file
        todo = "Download the base again."
        raise UserError(expected=f"a tokenizer in {folder}", found=str(error)[:200], todo=todo) from error
