"""Trainings beside the real one: the same rows and settings with other seeds, or with canaries among the rows.

Each is kept in the cache by its inputs, so that a kill loses one of them at most and a release finds what was done.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune import questions, training
from retune.core import calibration, memorisation, parts
from retune.core.evaluation import LOSS, TOKENS, TaskType
from retune.core.frames import REAL, ROWS, TEXT, WHOLE
from retune.core.hashing import normalised, sha256_text
from retune.core.memorisation import Canary
from retune.core.params.train import TrainParams
from retune.io import cache
from retune.io.files import read_frame
from retune.modeling.keys import TrainingInputs

if TYPE_CHECKING:
    import pandas as pd

ANSWERS = {"seed": WHOLE, "example_id": TEXT, "prediction": TEXT}  # beside them what rows cost, where that is compared
COSTS = {LOSS: REAL, TOKENS: WHOLE}
STEP = "rehearse"


def seeds_after(params: TrainParams, count: int, *, done: int = 0) -> list[int]:
    """Return so many seeds beside the training's own, after those that were trained already."""
    return [params.seed + 1 + done + place for place in range(count)]


def columns(answers: pd.DataFrame) -> dict[str, str]:
    """Return the columns of answers as they are kept."""
    return ANSWERS | {name: kind for name, kind in COSTS.items() if name in answers.columns}


def answered(inputs: TrainingInputs, params: TrainParams, seeds: Sequence[int], test: pd.DataFrame) -> pd.DataFrame:
    """Return what a training with each of the seeds answers to the test rows [`columns`]."""
    import pandas as pd

    rows, kind = read_frame(inputs.train), _kind(inputs)
    frames = [
        pd.DataFrame(
            _trained(
                inputs, params.model_copy(update={"seed": seed}), rows, test, lambda model: _said(model, kind, test)
            )
        ).assign(seed=seed, example_id=test["example_id"].tolist())
        for seed in seeds
    ]
    return pd.concat([pd.DataFrame(columns=list(ANSWERS)), *frames], ignore_index=True).astype({"seed": "int64"})


def _kind(inputs: TrainingInputs) -> TaskType:
    """Return what the task type says of its scores."""
    return questions.kind_of(parts.find("retune.modeling.task_types", inputs.task_type.stem))


def _said(model: Path, kind: TaskType, test: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the predictions, "" for no answer, and what the rows cost where models are compared by that."""
    from retune.modeling import predictor

    answers, _ = questions.answered(questions.remembering(predictor.load(model)), questions.alone(kind), test, test)
    return {name: answers[name].tolist() for name in ("prediction", *COSTS) if name in answers.columns}


def memorised(inputs: TrainingInputs, params: TrainParams, count: int, untouched: Path) -> dict[str, Any]:
    """Return how well a training knows the canaries that were put among its rows, against references that were not.

    What counts is by how much the loss fell below that of the model in the folder `untouched`, which saw none of them:
    a text that any model answers surely is no memory (loss ratio, as Carlini et al., 2021, section 5).
    """
    rows, target = read_frame(inputs.train), _kind(inputs).target
    planted, of_references = asked_of(rows, count, params.seed, target)
    asked = [*planted, *of_references]
    shown = _rows(asked)
    found = _trained(inputs, params, _with(rows, planted), shown, lambda model: ratios(model, untouched, asked))
    return memorisation.report(planted, found[:count], found[count:], params.seed)


def asked_of(rows: pd.DataFrame, count: int, seed: int, target: str) -> tuple[list[Canary], list[Canary]]:
    """Return the canaries and the references of some training rows, made of their words.

    The words are the text where a label is learnt, or nothing else; where texts are written they are what is to be
    written, after one of the prompts.
    """
    words = sorted({word for text in rows["text"] for word in normalised(text).split()})
    beside = sorted(set(rows["text" if target == "text" else "label"]))
    made = memorisation.canaries(words, beside, count, seed), memorisation.references(words, beside, seed)
    if target != "text":
        return made
    planted, others = ([Canary(one.label, one.text, one.repeats) for one in side] for side in made)
    return planted, others


def ratios(model: Path, untouched: Path, asked: Sequence[Canary]) -> list[float]:
    """Return by how much the loss of each text is higher under the first model than under the second, in nats."""
    from retune.modeling import predictor

    after, before = (_losses(predictor.load(folder), asked) for folder in (model, untouched))
    return [now - then for now, then in zip(after, before, strict=True)]


def _rows(asked: Sequence[Canary]) -> pd.DataFrame:
    """Return canaries as rows [ROWS]."""
    import pandas as pd

    made = [(f"canary-{place}", one.text, "", one.label) for place, one in enumerate(asked)]
    return pd.DataFrame(made, columns=list(ROWS), dtype="str")


def _with(rows: pd.DataFrame, planted: Sequence[Canary]) -> pd.DataFrame:
    """Return the rows with each canary as often as it says."""
    import pandas as pd

    added = [
        {"example_id": f"canary-{place}-{time}", "text": canary.text, "context": "", "label": canary.label}
        for place, canary in enumerate(planted)
        for time in range(canary.repeats)
    ]
    return pd.concat([rows, pd.DataFrame(added)], ignore_index=True)


def _trained(
    inputs: TrainingInputs,
    params: TrainParams,
    rows: pd.DataFrame,
    asked: pd.DataFrame,
    ask: Callable[[Path], Any],
) -> Any:
    """Return what `ask` gets from the model of a training on these rows; kept by inputs, settings, rows and texts."""
    shown = sha256_text("\n".join([*rows["example_id"], *rows["text"], *asked["text"], *asked["label"]]))
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


def _losses(model: Any, asked: Sequence[Canary]) -> list[float]:
    """Return what a model's label or text costs: of labels without the temperature, which says nothing of one row."""
    import numpy as np

    if not hasattr(model, "logits"):
        costs: list[float] = model.losses(_rows(asked))[0].tolist()
        return costs
    codes = np.array([model.labels.index(canary.label) for canary in asked], dtype=np.int64)
    given: list[float] = calibration.losses(model.logits([canary.text for canary in asked]), codes).tolist()
    return given
