"""Champion and candidate before a judge: pairs of what they wrote to the same rows, asked once and kept by hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from retune.core.fingerprint import sha256_of
from retune.core.hashing import unit_interval
from retune.core.judge import Judged, Pair, verdict
from retune.core.params.release import JudgeParams
from retune.io import cache
from retune.io.judge import Endpoint, judge_pairs

if TYPE_CHECKING:
    import pandas as pd

STEP = "judge"


def judged(
    rows: pd.DataFrame, first: Sequence[str], second: Sequence[str], params: JudgeParams, alpha: float, seed: int
) -> dict[str, Any]:
    """Return the verdict on two models' answers to rows [example_id, text, context, label], drawn by id and seed.

    The same answers before the same judge are judged once; deleting the cache asks again. Raises UnavailableError where
    the judge does not answer: then nothing is decided.
    """
    pairs = _pairs(rows, first, second, params.rows, seed)
    place = cache.location(STEP, sha256_of([[asdict(pair) for pair in pairs], params.model_dump()])) / "votes.json"
    kept = cache.read(place)
    votes = [Judged(**vote) for vote in kept] if kept is not None else judge_pairs(_endpoint(params), pairs)
    if kept is None:
        cache.store(place, [asdict(vote) for vote in votes])
    return asdict(verdict(votes, most_unscored=params.most_unscored, alpha=alpha)) | {"judge": params.model}


def _pairs(rows: pd.DataFrame, first: Sequence[str], second: Sequence[str], most: int, seed: int) -> list[Pair]:
    """Return so many pairs of answers, all where there are fewer rows."""
    questions = [
        f"{text}\n\n{context}" if context else text for text, context in zip(rows["text"], rows["context"], strict=True)
    ]
    given = zip(rows["example_id"], questions, first, second, rows["label"], strict=True)
    ordered = sorted((Pair(*one) for one in given), key=lambda pair: unit_interval(pair.example_id, seed))
    return ordered[:most]


def _endpoint(params: JudgeParams) -> Endpoint:
    """Return where the judge is asked."""
    return Endpoint(**params.model_dump(exclude={"rows", "most_unscored"}))
