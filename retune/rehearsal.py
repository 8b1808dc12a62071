"""Trainings beside the real one: the same rows and settings with other seeds, or with canaries among the rows.

Each is kept in the cache by its inputs, so that a kill loses one of them at most and a release finds what was done.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune import training
from retune.core import calibration, memorisation
from retune.core.frames import TEXT, WHOLE
from retune.core.hashing import normalised, sha256_text
from retune.core.memorisation import Canary
from retune.core.params.train import TrainParams
from retune.io import cache
from retune.io.files import read_frame
from retune.modeling.keys import TrainingInputs

if TYPE_CHECKING:
    import pandas as pd

    from retune.modeling.predictor import Predictor

ANSWERS = {"seed": WHOLE, "example_id": TEXT, "prediction": TEXT}  # ids and labels, no text
STEP = "rehearse"


def seeds_after(params: TrainParams, count: int, *, done: int = 0) -> list[int]:
    """Return so many seeds beside the training's own, after those that were trained already."""
    return [params.seed + 1 + done + place for place in range(count)]


def answered(inputs: TrainingInputs, params: TrainParams, seeds: Sequence[int], test: pd.DataFrame) -> pd.DataFrame:
    """Return what a training with each of the seeds answers to the test rows [ANSWERS]."""
    import pandas as pd

    rows, texts = read_frame(inputs.train), test["text"].tolist()
    given = {
        seed: _trained(
            inputs, params.model_copy(update={"seed": seed}), rows, texts, lambda model: _predictions(model, texts)
        )
        for seed in seeds
    }
    frames = [
        pd.DataFrame({"seed": seed, "example_id": test["example_id"].tolist(), "prediction": predictions})
        for seed, predictions in given.items()
    ]
    return pd.concat([pd.DataFrame(columns=list(ANSWERS)), *frames], ignore_index=True).astype({"seed": "int64"})


def memorised(inputs: TrainingInputs, params: TrainParams, count: int, untouched: Path) -> dict[str, Any]:
    """Return how well a training knows the canaries that were put among its rows, against references that were not.

    What counts is by how much the loss fell below that of the model in the folder `untouched`, which saw none of them:
    a text that any model answers surely is no memory (loss ratio, as Carlini et al., 2021, section 5).
    """
    rows = read_frame(inputs.train)
    planted, of_references = asked_of(rows, count, params.seed)
    asked = [*planted, *of_references]
    texts = [canary.text for canary in asked]
    found = _trained(inputs, params, _with(rows, planted), texts, lambda model: ratios(model, untouched, asked))
    return memorisation.report(planted, found[:count], found[count:], params.seed)


def asked_of(rows: pd.DataFrame, count: int, seed: int) -> tuple[list[Canary], list[Canary]]:
    """Return the canaries and the references of some training rows, made of their words and labels."""
    words = sorted({word for text in rows["text"] for word in normalised(text).split()})
    labels = sorted(set(rows["label"]))
    return memorisation.canaries(words, labels, count, seed), memorisation.references(words, labels, seed)


def ratios(model: Path, untouched: Path, asked: Sequence[Canary]) -> list[float]:
    """Return by how much the loss of each text is higher under the first model than under the second, in nats."""
    from retune.modeling import predictor

    after, before = (_losses(predictor.load(folder), asked) for folder in (model, untouched))
    return [now - then for now, then in zip(after, before, strict=True)]


def _with(rows: pd.DataFrame, planted: Sequence[Canary]) -> pd.DataFrame:
    """Return the rows with each canary as often as it says."""
    import pandas as pd

    added = [
        {"example_id": f"canary-{place}-{time}", "text": canary.text, "label": canary.label}
        for place, canary in enumerate(planted)
        for time in range(canary.repeats)
    ]
    return pd.concat([rows, pd.DataFrame(added)], ignore_index=True)


def _trained(
    inputs: TrainingInputs,
    params: TrainParams,
    rows: pd.DataFrame,
    asked: Sequence[str],
    ask: Callable[[Path], list[Any]],
) -> Any:
    """Return what `ask` gets from the model of a training on these rows; kept by inputs, settings, rows and texts."""
    shown = sha256_text("\n".join([*rows["example_id"], *rows["text"], *asked]))
    work = cache.folder(STEP, inputs.key({**params.model_dump(), "rehearsed": shown}))
    kept = cache.read(work / "answers.json")
    if kept is not None:
        return kept
    from retune.modeling.train import fit, to_stderr

    with tempfile.TemporaryDirectory(prefix="retune-rehearsal-") as scratch:
        model = Path(scratch) / "model"
        fit(training.plan(inputs, rows, params), rows, read_frame(inputs.validation), work=work, out=model,
            say=to_stderr)  # fmt: skip
        given = ask(model)
    cache.store(work / "answers.json", given)
    shutil.rmtree(work / "checkpoints", ignore_errors=True)
    return given


def _predictions(model: Path, texts: Sequence[str]) -> list[str]:
    """Return the predictions; no answer is the empty string."""
    from retune.modeling import predictor

    given: list[str] = predictor.load(model).predict(texts)["prediction"].fillna("").str.strip().tolist()
    return given


def _losses(model: Predictor, asked: Sequence[Canary]) -> list[float]:
    """Return the cross-entropy that a model gives the label of each text."""
    import numpy as np

    codes = np.array([model.labels.index(canary.label) for canary in asked], dtype=np.int64)
    given: list[float] = calibration.losses(model.logits([canary.text for canary in asked]), codes).tolist()
    return given
