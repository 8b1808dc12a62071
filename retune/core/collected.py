"""Answers that people corrected: their tables, and how they become the documents of examples."""

from __future__ import annotations

import json

import pandas as pd

from retune.core.examples import FROM_PEOPLE
from retune.core.frames import DOCUMENTS, TEXT, WHOLE, YES_NO
from retune.core.language import detect

COLLECTED = {"answer_id": TEXT, "text": TEXT, "context": TEXT, "label": TEXT, "date": TEXT}
REFUSED = {"row_id": TEXT, "request_id": TEXT, "text": TEXT, "context": TEXT, "label": TEXT, "date": TEXT,
           "reason": TEXT, "detail": TEXT}  # fmt: skip
EMPTY = ("context",)  # the columns of an answer that may be
BY_TEXT = "text-"  # begins the id of an answer that names no request
LEARNT_FROM = "train"  # the side of an answer where a column gives the split


def as_documents(answers: pd.DataFrame, side_column: str) -> pd.DataFrame:
    """Return a document [DOCUMENTS] per answer [COLLECTED].

    Its id is not explicit, so that its side follows from its words: answers that are alike fall together.
    """
    blank = {name: 0 if kind == WHOLE else False if kind == YES_NO else "" for name, kind in DOCUMENTS.items()}
    side = {side_column: LEARNT_FROM} if side_column else {}
    return pd.DataFrame([blank] * len(answers), columns=list(DOCUMENTS), index=answers.index).assign(
        document_id=FROM_PEOPLE + answers["answer_id"],
        text=answers["text"],
        created=answers["date"],
        language=answers["text"].map(detect),
        kind="answer",
        metadata=json.dumps(side),
    )
