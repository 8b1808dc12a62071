"""Tune a base on the training split, from where a killed run was, into a model folder with its history and facts."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from retune import training
from retune.core.params.train import TrainParams
from retune.io import cache, launcher
from retune.io.files import read_frame, read_json, whole_file, whole_folder, write_json, write_text
from retune.modeling import bases, distributed, keys
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
    if identity.hosted is None:
        bases.locate(identity)  # a base that is gone or changed is said before seconds of imports
    rows = read_frame(train)
    inputs = keys.TrainingInputs(train, validation, base, task_type, family, method)
    work = cache.folder("train", inputs.key(params.model_dump()))
    if launcher.is_due(params.processes):
        outs = {"model": model, "curve": curve, "history": history, "facts": facts, "timings": timings}
        paths = {name: str(path) for name, path in {**inputs.__dict__, **outs}.items()}
        order = {"paths": paths, "params": params.model_dump(mode="json")}
        launcher.launch("tasks.train", order, work, params.processes)
        return
    from retune.modeling import curve as curves
    from retune.modeling import journal
    from retune.modeling.train import WARM_UP, fit, follow, to_stderr

    plan = training.plan(inputs, rows, params)
    if not distributed.is_first():
        follow(plan, rows, read_frame(validation), work=work)
        return
    with whole_folder(model) as partial:
        if identity.hosted is None:
            fitted = fit(plan, rows, read_frame(validation), work=work, out=partial, say=to_stderr)
        else:
            fitted = plan.method.fit(plan, rows, read_frame(validation), base=base, out=partial)
    with whole_file(curve) as partial:
        if (kept := work / WARM_UP / curves.FILE).exists():
            shutil.copyfile(kept, partial)
        else:
            curves.write(partial, [])
    write_text(history, journal.history(fitted.events))
    write_json(facts, {**fitted.facts, "settings": params.model_dump(mode="json"), "inputs_sha256": inputs.sha256()})
    write_json(timings, fitted.timings)
    shutil.rmtree(work / "checkpoints", ignore_errors=True)  # after all outs are whole: a kill before resumes


def _share(order: dict[str, Any]) -> None:
    """Train as one of several processes, the first of which writes."""
    paths = {name: Path(path) for name, path in order["paths"].items()}
    train(**paths, params=TrainParams.model_validate(order["params"]))
    distributed.leave()


if __name__ == "__main__":  # torchrun starts it, with the order that the step wrote
    sys.exit(launcher.joined(Path(sys.argv[1]), _share))
