"""Words and phrases that have no place in training data: insults of persons, slurs and threats.

Written for this project, and meant to be short: mild swearing about things is not in it, and words with an innocent
second meaning are not either. An organisation adds its own in params.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from retune.core.hashing import normalised

LEXICON = (
    "asshole",
    "assholes",
    "bastards",
    "bitches",
    "cunt",
    "cunts",
    "dickhead",
    "dickheads",
    "drop dead",
    "dumbass",
    "fuck off",
    "fuck you",
    "go kill yourself",
    "i hope you die",
    "i will hurt you",
    "i will kill you",
    "kill yourself",
    "moron",
    "morons",
    "motherfucker",
    "motherfuckers",
    "piece of shit",
    "retarded",
    "scumbag",
    "scumbags",
    "shithead",
    "shut the fuck up",
    "son of a bitch",
    "subhuman",
    "twat",
    "wanker",
    "wankers",
    "you deserve to die",
    "you stupid idiot",
    "you will pay for this with your life",
)


def lexicon_pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that finds whole words and phrases in a normalised text, the longest first."""
    return _compiled(tuple(sorted({normalised(word) for word in words} - {""}, key=lambda word: (-len(word), word))))


@lru_cache(maxsize=8)
def _compiled(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b")
