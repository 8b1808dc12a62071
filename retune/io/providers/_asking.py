"""Many questions to a service at once; answers are kept in the checkout, so that none is paid for twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from retune.core.fingerprint import sha256_of
from retune.core.hosted import Answer, Question
from retune.io import cache

STEP = "answers"
Ask = Callable[[Question], Answer]


def ask_all(ask: Ask, questions: Sequence[Question], *, at_once: int, kept_for: str | None) -> list[Answer]:
    """Return the answer to each question; equal ones are asked once, and `kept_for` names the model whose are kept.

    The first error ends it: what was answered by then is kept.
    """
    place = cache.location(STEP, sha256_of(kept_for)) if kept_for else None
    different = list(dict.fromkeys(questions))
    with ThreadPoolExecutor(max_workers=max(at_once, 1)) as threads:
        waiting = [threads.submit(_answer, ask, question, place) for question in different]
        try:
            answers = [one.result() for one in waiting]
        except BaseException:  # Ctrl-C too: no further question is to leave
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    known = dict(zip(different, answers, strict=True))
    return [known[question] for question in questions]


def _answer(ask: Ask, question: Question, place: Path | None) -> Answer:
    """Return the answer that is kept, else the service's, which is kept."""
    if place is None:
        return ask(question)
    file = place / f"{sha256_of(asdict(question))}.json"
    kept = cache.read(file)
    if kept is not None:
        return Answer(**kept)
    answer = ask(question)
    cache.store(file, asdict(answer))
    return answer
