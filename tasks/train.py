"""Tune a base on the training split, from where a killed run was, into a model folder with its history and facts."""

from __future__ import annotations

import shutil
from pathlib import Path

from retune import training
from retune.core.params.train import TrainParams
from retune.io import cache
from retune.io.files import read_frame, read_json, whole_file, whole_folder, write_json, write_text
from retune.modeling import bases, keys
from retune.modeling.bases import BaseIdentity


def train(
    *,
    train: Path,
    validation: Path,
    base: Path,
    task_type: Path,
    family: Path,
    method: Path,
    model: Path,
    curve: Path,
    history: Path,
    facts: Path,
    timings: Path,
    params: TrainParams,
) -> None:
    """Write the model, its history and facts; `timings` has what differs between machines and runs.

    `curve` has the probes that learnt from parts of the rows, for the learning curve.
    """
    identity = BaseIdentity.from_dict(read_json(base))
    bases.locate(identity)  # a base that is gone or changed is said before seconds of imports
    rows = read_frame(train)
    inputs = keys.TrainingInputs(train, validation, base, task_type, family, method)
    work = cache.folder("train", inputs.key(params.model_dump()))
    from retune.modeling import curve as curves
    from retune.modeling import journal
    from retune.modeling.train import WARM_UP, fit, to_stderr

    plan = training.plan(inputs, rows, params)
    with whole_folder(model) as partial:
        fitted = fit(plan, rows, read_frame(validation), work=work, out=partial, say=to_stderr)
    with whole_file(curve) as partial:
        if (kept := work / WARM_UP / curves.FILE).exists():
            shutil.copyfile(kept, partial)
        else:
            curves.write(partial, [])
    write_text(history, journal.history(fitted.events))
    write_json(facts, {**fitted.facts, "settings": params.model_dump(mode="json"), "inputs_sha256": inputs.sha256()})
    write_json(timings, fitted.timings)
    shutil.rmtree(work / "checkpoints", ignore_errors=True)  # after all outs are whole: a kill before resumes
