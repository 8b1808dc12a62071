"""Short answers as SQuAD compares them: no case, punctuation or English articles; beyond ASCII as MLQA does.

Rajpurkar et al. (2016, arXiv:1606.05250) and Lewis et al. (2020, arXiv:1910.07475): punctuation of every script is
dropped, and scripts that write no spaces are taken by the character.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter

from retune.core.metrics._references import f1
from retune.core.metrics._words import UNSPACED

ARTICLES = re.compile(r"\b(a|an|the)\b")


def exact(reference: str, prediction: str) -> float:
    """Return 1 if the answers are the same, else 0; no answer is right only where the reference is empty."""
    return float(normalised(reference) == normalised(prediction))


def overlap(reference: str, prediction: str) -> float:
    """Return the F1 of the words; 1 where both answers have none."""
    first, second = normalised(reference).split(), normalised(prediction).split()
    if not first or not second:
        return float(first == second)
    return f1((Counter(first) & Counter(second)).total(), len(first), len(second))


def normalised(answer: str) -> str:
    """Return an answer as it is compared: its words, with single spaces between them."""
    lower = unicodedata.normalize("NFC", answer).lower()
    bare = "".join(character for character in lower if not _is_punctuation(character))
    return " ".join(UNSPACED.sub(r" \g<0> ", ARTICLES.sub(" ", bare)).split())


def _is_punctuation(character: str) -> bool:
    """Tell punctuation of any script, and what ASCII counts as such."""
    return character in string.punctuation or unicodedata.category(character).startswith("P")
