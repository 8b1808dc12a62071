"""Hashes of text: equality, shingles, and a number that is the same on every machine."""

from __future__ import annotations

import hashlib
import re
import unicodedata

SHINGLE_WORDS = 5
_WORD = re.compile(r"\w+")


def sha256_text(text: str) -> str:
    """Return the hex SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def normalised(text: str) -> str:
    """Return the text as equality sees it: NFKC, lower case, words and digits joined by single spaces."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def prompt_key(text: str, context: str) -> str:
    """Return what two prompts must have in common to be equal: the text, and the context where there is one."""
    return f"{normalised(text)}\x1f{normalised(context)}" if context else normalised(text)


def shingles(text: str, words: int = SHINGLE_WORDS) -> set[int]:
    """Return the 64-bit hashes of all runs of `words` words; a shorter text is one shingle, an empty one none."""
    tokens = normalised(text).split()
    if not tokens:
        return set()
    runs = max(len(tokens) - words + 1, 1)
    return {hash64(" ".join(tokens[start : start + words])) for start in range(runs)}


def hash64(text: str) -> int:
    """Return a 64-bit hash that is the same in every process and on every machine."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def unit_interval(key: str, seed: int) -> float:
    """Return a number in [0, 1) that depends on the key and the seed alone."""
    return hash64(f"{seed}\x1f{key}") / 2**64
