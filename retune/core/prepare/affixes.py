"""What all texts begin or end with, and marks that occur in none of them."""

from __future__ import annotations

from collections.abc import Sequence

SEPARATORS = (" ->", "\n\n###\n\n", "\n\n===\n\n", "\n\n---\n\n", "\n\n===>\n\n", "\n\n--->\n\n")
LAST_SEPARATOR = "\n\n### =>\n\n"
ENDINGS = ("\n", ".", " END", "***", "+++", "&&&", "$$$", "@@@", "%%%")
LAST_ENDING = " [END]"
INSTRUCTION = 200  # characters; what is shorter may be most of a row, as "Answer: " is of "Answer: yes"


def beginning(texts: Sequence[str]) -> str:
    """Return the longest text that all begin with; nothing where there are fewer than two."""
    if len(texts) < 2:
        return ""
    first, last = min(texts), max(texts)  # all others lie between them, and share what these two share
    shared = next(
        (index for index, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first)
    )
    return first[:shared]


def ending(texts: Sequence[str]) -> str:
    """Return the longest text that all end with; nothing where there are fewer than two."""
    return beginning([text[::-1] for text in texts])[::-1]


def separator_for(prompts: Sequence[str]) -> str:
    """Return the first separator that no prompt holds; the one without line ends only where no prompt has any."""
    lines = any("\n" in text for text in prompts)
    options = [mark for mark in SEPARATORS if "\n" in mark or not lines]
    return _free(options, prompts) or LAST_SEPARATOR


def ending_for(completions: Sequence[str]) -> str:
    """Return the first ending that no completion holds."""
    return _free(ENDINGS, completions) or LAST_ENDING


def stands_twice(mark: str, texts: Sequence[str]) -> bool:
    """Tell whether what all texts end with also stands earlier in one of them."""
    return any(mark in text[: -len(mark)] for text in texts)


def is_removable(prefix: str, texts: Sequence[str]) -> bool:
    """Tell whether a row without its prefix is still that row: something is left, and half of it if it was long."""
    shortest = min(map(len, texts))
    left = all(text.removeprefix(prefix).strip() for text in texts)
    return left and (len(prefix) <= INSTRUCTION or len(prefix) * 2 <= shortest)


def _free(options: Sequence[str], texts: Sequence[str]) -> str:
    return next((mark for mark in options if not any(mark in text for text in texts)), "")
