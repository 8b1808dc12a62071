"""Passages of one text inside another: runs of words in common, as contamination is usually measured."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from retune.core.hashing import normalised

_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")
FORM_TEXTS, FORM_SHARE = 10, 0.02  # a run of words in more texts than either is of a form that all are written in


@dataclass(frozen=True)
class Held:
    """A passage of the text `of` that another text holds, by the share of its runs of words."""

    of: str
    share: float


class PassageIndex:
    """The passages of some texts by their runs of words, to be looked for in other texts.

    A passage is a whole text or one of its paragraphs. Paragraphs count from `words` words on, whole texts from
    `minimum` words on: shorter ones are phrases that anybody writes. What many of the texts have word for word, such as
    an instruction before each question, is their form and no passage of any.
    """

    def __init__(self, texts: Mapping[str, str], *, words: int, minimum: int) -> None:
        self._passages_by_run: dict[int, dict[str, list[int]]] = {}
        self._owners: list[str] = []
        self._sizes: list[int] = []
        for owner in sorted(texts):
            for tokens in _passages(texts[owner], words, minimum):
                self._add(owner, _runs(tokens, min(words, len(tokens))), min(words, len(tokens)))
        self._leave_out_forms(max(FORM_TEXTS, FORM_SHARE * len(texts)))

    def _add(self, owner: str, runs: set[str], words: int) -> None:
        """Enter one passage under each of its runs."""
        number = len(self._owners)
        self._owners.append(owner)
        self._sizes.append(len(runs))
        index = self._passages_by_run.setdefault(words, {})
        for run in runs:
            index.setdefault(run, []).append(number)

    def _leave_out_forms(self, most: float) -> None:
        """Take out the runs that stand in more than so many texts."""
        for index in self._passages_by_run.values():
            for run in [run for run, numbers in index.items() if len(numbers) > most]:
                if len({self._owners[number] for number in index[run]}) > most:
                    for number in index.pop(run):
                        self._sizes[number] -= 1

    def held_by(self, text: str, *, share: float) -> Held | None:
        """Return the passage that the text holds most of, if that is at least `share` of the passage's runs."""
        found = [(-held.share, held.of) for held in self.all_held_by(text, share=share)]
        best, owner = min(found, default=(0.0, ""))
        return Held(owner, -best) if found else None

    def all_held_by(self, text: str, *, share: float) -> list[Held]:
        """Return every passage of whose runs the text holds at least `share`."""
        tokens = normalised(text).split()
        hits: Counter[int] = Counter()
        for words, index in self._passages_by_run.items():
            for run in _runs(tokens, words) if len(tokens) >= words else ():
                hits.update(index.get(run, ()))
        found = [(count / self._sizes[number], self._owners[number]) for number, count in hits.items()]
        return [Held(owner, held) for held, owner in found if held >= share]


def _passages(text: str, words: int, minimum: int) -> list[list[str]]:
    """Return the whole text and its longer paragraphs as lists of words."""
    whole = normalised(text).split()
    paragraphs = [normalised(part).split() for part in _PARAGRAPH_BREAK.split(text)]
    longer = [part for part in paragraphs if words <= len(part) < len(whole)]
    return [part for part in [whole, *longer] if len(part) >= minimum]


def _runs(tokens: list[str], words: int) -> set[str]:
    """Return every run of so many words."""
    return {" ".join(tokens[start : start + words]) for start in range(len(tokens) - words + 1)}
