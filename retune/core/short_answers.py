"""Short answers as SQuAD compares them: no case, punctuation or English articles; beyond ASCII as MLQA does.

Rajpurkar et al. (2016, arXiv:1606.05250) and Lewis et al. (2020, arXiv:1910.07475): punctuation of every script is
dropped, and scripts that write no spaces are taken by the character.
"""

from __future__ import annotations

import re
import string
import unicodedata

ARTICLES = re.compile(r"\b(a|an|the)\b")
# Thai, Lao, Tibetan, Burmese, Khmer, kana and Han write no spaces between words.
UNSPACED = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
)


def normalised(answer: str) -> str:
    """Return an answer as it is compared: its words, with single spaces between them."""
    lower = unicodedata.normalize("NFC", answer).lower()
    bare = "".join(character for character in lower if not _is_punctuation(character))
    return " ".join(UNSPACED.sub(r" \g<0> ", ARTICLES.sub(" ", bare)).split())


def _is_punctuation(character: str) -> bool:
    """Tell punctuation of any script, and what ASCII counts as such."""
    return character in string.punctuation or unicodedata.category(character).startswith("P")
