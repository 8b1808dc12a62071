"""Step rehearse: trainings beside the real one: how far chance moves its scores, and what it learns by heart."""

from __future__ import annotations

from pathlib import Path

from retune import rehearsal
from retune.core.params.rehearse import RehearseParams
from retune.core.params.train import TrainParams
from retune.io.files import read_frame, read_json, sha256_file, write_frame, write_json
from retune.modeling.keys import TrainingInputs


def rehearse(
    *,
    train: Path,
    validation: Path,
    test: Path,
    base: Path,
    task_type: Path,
    family: Path,
    method: Path,
    model: Path,
    facts: Path,
    rehearsed: Path,
    answers: Path,
    params: RehearseParams,
) -> None:
    """Train again as `facts` say that was trained, with other seeds and with canaries, and write what came of it.

    Where the settings ask for nothing, nothing is trained and the files say so.
    """
    settings = TrainParams.model_validate(read_json(facts)["settings"])
    inputs = TrainingInputs(train, validation, base, task_type, family, method)
    seeds = rehearsal.seeds_after(settings, params.seeds)
    given = rehearsal.answered(inputs, settings, seeds, read_frame(test))
    canaries = params.canaries
    found = {
        "facts_sha256": sha256_file(facts),
        "test_sha256": sha256_file(test),
        "seeds": seeds,
        "memorised": rehearsal.memorised(inputs, settings, canaries, model) if canaries else None,
    }
    write_frame(answers, given, rehearsal.columns(given))
    write_json(rehearsed, found)
