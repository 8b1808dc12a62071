"""Behaviour tests: what must not change an answer, what must move it, and what any such model must know.

The three kinds are those of Ribeiro et al. (2020), "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from retune.core import perturbations, scoring
from retune.core.hashing import unit_interval
from retune.core.params.behaviour import (
    Behaviour,
    Change,
    Direction,
    Invariance,
    MinimumFunctionality,
)
from retune.core.statistics import wilson

TOLD = ("label", "labels")
SURE = 0.95  # a probability beyond it, or below 1 - SURE, has hardly anywhere to go: it counts as moved

AnyTest = Invariance | Direction | MinimumFunctionality


@dataclass(frozen=True)
class Answer:
    """What a model says to a text, and its probability of each label."""

    prediction: str
    probabilities: Mapping[str, float]


Answers = Mapping[tuple[str, str], Answer]  # by text and context


@dataclass(frozen=True)
class Question:
    """A text as it is and as it was changed; a made-up one is both. `key` names the row without its text."""

    key: Mapping[str, str | int]
    before: str
    after: str
    label: str = ""  # that a made-up text must get
    context: str = ""  # that both are asked of


def questions(test: AnyTest, rows: pd.DataFrame, seed: int) -> list[Question]:
    """Return what a test asks; of the rows [example_id, text, context] the same ones whatever rows come and go."""
    if isinstance(test, MinimumFunctionality):
        numbered = enumerate(test.examples, start=1)
        return [Question({"row": place}, one.text, one.text, one.label, one.context or "") for place, one in numbered]
    ordered = sorted(
        zip(rows["example_id"], rows["text"], rows["context"], strict=True),
        key=lambda row: unit_interval(f"{test.name} {row[0]}", seed),
    )
    return list(_changed(test, ordered, seed))[: test.rows]


def _changed(test: Invariance | Direction, rows: Sequence[tuple[str, str, str]], seed: int) -> Iterator[Question]:
    """Yield the rows that the change changes."""
    for example_id, text, context in rows:
        after = changed(test.change, text, seed)
        if after != text:
            yield Question({"example_id": example_id}, text, after, context=context)


def changed(change: Change, text: str, seed: int) -> str:
    """Return the text after the change."""
    if change.typos is not None:
        return perturbations.typos(text, change.typos, seed)
    if change.case is not None:
        return perturbations.in_case(text, change.case)
    if change.names is not None:
        return perturbations.names_swapped(text, change.names, seed)
    if change.negation is not None:
        return perturbations.negated(text)
    return f"{change.prepend} {text}" if change.prepend is not None else f"{text} {change.append}"


def report(
    behaviour: Behaviour, asked: Sequence[Sequence[Question]], answers: Answers, file_sha256: str, *, target: str
) -> dict[str, Any]:
    """Return what passed of each test and which rows did not, by their ids; `answers` has one for every text asked.

    Answers that are no labels hold words of texts, and are not told.
    """
    tests = [_judged(test, given, answers, target) for test, given in zip(behaviour.tests, asked, strict=True)]
    return {"file_sha256": file_sha256, "tests": tests}


def _judged(test: AnyTest, asked: Sequence[Question], answers: Answers, target: str) -> dict[str, Any]:
    """Return one test's result; where nothing could be asked, nothing has passed."""
    failed = [one for one in asked if not passes(test, one, *_both(one, answers), target)]
    passed = len(asked) - len(failed)
    return {
        "name": test.name,
        "kind": test.kind,
        "asked": len(asked),
        "passed": passed,
        "share": asdict(wilson(passed, len(asked))),
        "least": test.least,
        "failures": [{**one.key, **(_told(test, one, answers) if target in TOLD else {})} for one in failed],
    }


def _both(question: Question, answers: Answers) -> tuple[Answer, Answer]:
    """Return the answers to the text before and after the change."""
    return answers[question.before, question.context], answers[question.after, question.context]


def passes(test: AnyTest, question: Question, before: Answer, after: Answer, target: str) -> bool:
    """Tell whether the answers are as the test says; only of one label a probability can move."""
    kind = scoring.target(target)
    if isinstance(test, MinimumFunctionality):
        return bool(kind.is_right(question.label, after.prediction))
    if isinstance(test, Invariance):
        return bool(kind.gist(after.prediction) == kind.gist(before.prediction))
    was, now = (answer.probabilities.get(test.label, 0.0) for answer in (before, after))
    if not before.probabilities:
        return False
    return now > was or now >= SURE if test.moves == "up" else now < was or now <= 1 - SURE


def _told(test: AnyTest, question: Question, answers: Answers) -> dict[str, str]:
    """Return what was answered, and what should have been: a label, or where the probability of one should move."""
    before, after = _both(question, answers)
    if isinstance(test, Direction):
        return {"expected": f"{test.label} {test.moves}", "answer": after.prediction}
    return {"expected": question.label or before.prediction, "answer": after.prediction}
