"""Toy rows for the heads: what is asked of them can be learnt from their words alone."""

import random

import pandas as pd

from retune.core.targets import answers, entities
from retune.core.targets.answers import Answer
from retune.core.targets.entities import Entity
from tests.modeling.conftest import FILLERS, SUBJECTS

KINDS = {word: subject for subject, words in SUBJECTS.items() for word in words.split()}


def named(text: str) -> str:
    """Return the entities of a text: a first word of a subject, and the second one behind it."""
    found: list[Entity] = []
    start = 0
    for word in text.split(" "):
        end, kind = start + len(word), KINDS.get(word)
        if found and kind == found[-1].type and found[-1].end == start - 1 and word in SUBJECTS[kind].split()[3:]:
            found[-1] = found[-1]._replace(end=end)
        elif kind:
            found.append(Entity(start, end, kind))
        start = end + 1
    return entities.dump(found)


def entity_rows(count: int, seed: int = 0, words: int = 8) -> pd.DataFrame:
    """Return rows that name one or two things, each by a first word of its subject and maybe a second."""
    draw = random.Random(seed)
    texts = []
    for _ in range(count):
        chosen = draw.choices(FILLERS.split(), k=words)
        for subject in draw.sample(sorted(SUBJECTS), draw.randint(1, 2)):
            first, *more = draw.choice(SUBJECTS[subject].split()[:3]), draw.choice(SUBJECTS[subject].split()[3:])
            chosen.append(" ".join([first, *more[: draw.randint(0, 1)]]))
        draw.shuffle(chosen)
        texts.append(" ".join(chosen))
    return frame(texts, [""] * count, [named(text) for text in texts])


def question_rows(count: int, seed: int = 0, fillers: int = 6, unanswered: float = 0.0) -> pd.DataFrame:
    """Return rows that ask for the words of a subject in a passage, which may have none."""
    draw = random.Random(seed)
    questions, passages, labels = [], [], []
    for _ in range(count):
        subject = draw.choice(sorted(SUBJECTS))
        halves = SUBJECTS[subject].split()[:3], SUBJECTS[subject].split()[3:]
        words = draw.choices(FILLERS.split(), k=fillers)
        place = draw.randrange(len(words))
        answer = "" if draw.random() < unanswered else " ".join([draw.choice(of) for of in halves])
        passage = " ".join([*words[:place], *([answer] if answer else []), *words[place:]])
        start = len(" ".join([*words[:place], ""]))
        questions.append(f"what of the {subject}")
        passages.append(passage)
        labels.append(answers.dump([Answer(answer, start)] if answer else []))
    return frame(questions, passages, labels)


def frame(texts: list[str], contexts: list[str], labels: list[str]) -> pd.DataFrame:
    """Return rows with an id each."""
    ids = [f"row-{number}" for number in range(len(texts))]
    return pd.DataFrame({"example_id": ids, "text": texts, "context": contexts, "label": labels})
