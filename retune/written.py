"""What a model that writes is asked beside its test rows: general text, what it learnt, what was taken out of it."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from retune.core import general, parts, redaction, verbatim
from retune.core.params.evaluate import EvaluateParams
from retune.core.params.redact import RedactParams

NEW_TOKENS = 20  # an address or a number is written with fewer
WRITTEN = ("text", "nothing")


def asked(model: Any, part: ModuleType, learnt: pd.DataFrame, params: EvaluateParams) -> dict[str, Any]:
    """Return what general text costs, and where the settings ask what is given back word for word; else nothing."""
    if part.TARGET not in WRITTEN or not hasattr(model, "untuned"):
        return {}
    found = {"general_loss": general_loss(model, part)}
    if not params.verbatim_passages:
        return found
    passages = verbatim.passages(learnt, part.TARGET, params.verbatim_passages, params.seed)
    sides = [of.repeats(passages, verbatim.TOKENS) for of in (model, model.untuned())]
    return {**found, "verbatim": verbatim.report(*sides), "personal_data": personal_data(model, learnt, params)}


def general_loss(model: Any, part: ModuleType) -> dict[str, Any]:
    """Return what a token of general text costs the model, and the same one before it was tuned."""
    rows = general.rows(part.TARGET, part.EXAMPLE[0])
    before, after = (tuple(np.asarray(one) for one in of.losses(rows)) for of in (model.untuned(), model))
    return general.report(before, after)  # type: ignore[arg-type] # losses and tokens


def personal_data(model: Any, learnt: pd.DataFrame, params: EvaluateParams) -> dict[str, Any]:
    """Return how often personal data is written where some was taken out, now and by the untuned model."""
    texts = [text for name in ("text", "context", "label") for text in learnt[name]]
    begun = verbatim.beginnings(texts, params.verbatim_passages)
    now, before = (verbatim.personal(_said(of, begun), _holder()) for of in (model, model.untuned()))
    return {**now, "before": before["found"]}


def _said(model: Any, begun: Sequence[str]) -> list[str]:
    """Return how a model goes on with texts."""
    found: list[str] = model.generate(begun, NEW_TOKENS) if begun else []
    return found


def _holder() -> Any:
    """Return what tells whether a text holds personal data of any kind that is known."""
    names = tuple(parts.names("retune.core.recognizers"))
    recognizers = redaction.load(RedactParams(recognizers=names, regions=REGIONS, keep=()))
    return lambda text: any(recognizer.find(text) for recognizer in recognizers)


REGIONS = ("DE", "ES", "FR", "GB", "US")
