"""Our training under a time budget, by the settings that suit intents; every tenth row validates."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pandas as pd
import torch

from benchmarks.peers.common import Answer, Contest, Labels, Texts, contend
from retune.modeling import bases, predictor
from retune.modeling.bench import Plan
from retune.modeling.families import encoder
from retune.modeling.methods import full
from retune.modeling.task_types import classification
from retune.modeling.train import fit
from retune.project import read_project

ROOT = Path(__file__).resolve().parents[2]
VALIDATION_EVERY = 10
SETTINGS = {
    "threads": 1, "epochs": 6, "batch_size": 32, "patience": 9, "tuned_shares": (0.5, 1.0),
    "probe_strengths": (3.0,),
}  # fmt: skip
METHOD = full.Settings(freeze_embeddings=True, freeze_layers=0)


def train(texts: Texts, labels: Labels, contest: Contest) -> Answer:
    """Train for so many seconds."""
    base = bases.resolve("bundled:minilm", None)
    out = Path(tempfile.mkdtemp())
    fitted(texts, labels, contest, out)

    def answer(asked: Texts) -> list[int]:
        return [int(label) for label in predictor.load(out, base).predict(asked)["prediction"]]

    return answer


def fitted(texts: Texts, labels: Labels, contest: Contest, out: Path) -> None:
    """Write the model that was trained for so many seconds."""
    settings = read_project(ROOT).models["ticket-router"].train
    timed = {"time_budget_seconds": contest.budget, "learning_rate": contest.learning_rate}
    params = settings.model_copy(update={**SETTINGS, **timed, "method_settings": METHOD.model_dump()})
    frame = pd.DataFrame({"example_id": [f"{n:06}" for n in range(len(texts))], "text": texts, "context": ""})
    frame["label"] = [f"{label:03}" for label in labels]
    held = frame.index % VALIDATION_EVERY == 0
    base = bases.resolve("bundled:minilm", None)
    plan = Plan(classification, encoder, full, base, params, METHOD, classification.Settings())
    work = out.with_name(f"{out.name}-work")
    fit(plan, frame[~held], frame[held], work=work, out=out, say=lambda line: print(line, file=sys.stderr))


if __name__ == "__main__":
    torch.set_num_threads(1)
    contend(train)
