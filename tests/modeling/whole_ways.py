"""Any task type, family and method tuned for two steps on made-up rows over a tiny random base, and written."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import torch

from retune.core import parts
from retune.core.params.train import TrainParams
from retune.modeling import bases, bench, folder, train
from retune.modeling.bench import Plan
from retune.modeling.learner import Learner
from tests.core.part_contracts import example_of
from tests.modeling.conftest import METHOD_SETTINGS, TOY_SETTINGS
from tests.modeling.tiny import tiny

KINDS = ("task_types", "families", "methods", "heads")
TASK_TYPES, FAMILIES, METHODS, HEADS = (f"retune.modeling.{kind}" for kind in KINDS)
SETTINGS = {"max_new_tokens": 4, "truncated_share": 1.0, "max_answer_tokens": 8, "overlap_tokens": 2, "probe_words": 60}
TURNS = [{"role": "user", "content": "Which door is it?"}]
PASSAGE = "The meeting of the board moved from Monday to Thursday, said Anna Berg in Hamburg."
SAID = {"start": 61, "end": 70, "type": "person"}


@dataclass(frozen=True)
class Way:
    """What is tuned by what."""

    task_type: str
    family: str
    method: str

    def __str__(self) -> str:
        return f"{self.task_type}-{self.family}-{self.method}"


def part(kind: str, name: str) -> ModuleType:
    return parts.find(kind, name)


def rows(task_type: str) -> pd.DataFrame:
    """Return twelve rows [ROWS] that the task type can learn."""
    target = part(TASK_TYPES, task_type).TARGET
    made = {"label": labelled, "labels": multiply, "entities": named, "answers": answered}.get(target, written)
    found = [made(number) for number in range(12)]
    if task_type == "chat":
        found = [{**row, "text": json.dumps(TURNS), "context": ""} for row in found]
    return pd.DataFrame(found).assign(example_id=[f"row-{number}" for number in range(12)])


def labelled(number: int) -> dict[str, str]:
    text, label = (("print paper toner tray", "printer"), ("pay slip bank wage", "salary"))[number % 2]
    return {"text": f"{text} {number}", "context": "", "label": label}


def multiply(number: int) -> dict[str, str]:
    labels = (["printer"], ["salary"], ["printer", "salary"], [])[number % 4]
    return {"text": f"{' and '.join(labels) or 'nothing'} {number}", "context": "", "label": json.dumps(labels)}


def named(number: int) -> dict[str, str]:
    return {"text": f"{PASSAGE} {number}", "context": "", "label": json.dumps([SAID] if number % 3 else [])}


def answered(number: int) -> dict[str, str]:
    known = [{"text": "Anna Berg", "start": SAID["start"]}] if number % 3 else []
    return {"text": f"Who said it {number}?", "context": PASSAGE, "label": json.dumps(known)}


def written(number: int) -> dict[str, str]:
    return {"text": f"print paper {number} toner", "context": "", "label": f"door card lock {number}"}


@cache
def base(family: str, place: Path) -> bases.BaseIdentity:
    """Return the identity of a tiny base of the family's first architecture."""
    return bases.resolve(str(tiny(part(FAMILIES, family).ARCHITECTURES[0], place / family)))


def plan_of(way: Way, place: Path, **changes: Any) -> Plan:
    """Return what is to be trained; `changes` are settings of the task type."""
    task_type, method = part(TASK_TYPES, way.task_type), part(METHODS, way.method)
    given = example_of(task_type.Settings).model_dump()
    given |= {name: value for name, value in {**SETTINGS, **changes}.items() if name in given}
    params = {**TOY_SETTINGS, "max_length": 256, "batch_size": 4, "dropout": 0.0, "select_by": "loss"}
    return Plan(
        task_type=task_type, family=part(FAMILIES, way.family), method=method, base=base(way.family, place),
        params=TrainParams.model_validate({**params, "task_settings": given, "method_settings": {}}),
        method_settings=method.Settings.model_validate(METHOD_SETTINGS[way.method]),
        task_settings=task_type.Settings.model_validate(given),
    )  # fmt: skip


@dataclass
class Tuned:
    """A model in memory, its folder, and what the numbers of the made-up rows were before it was tuned."""

    learner: Learner
    out: Path
    before: np.ndarray[Any, np.dtype[np.float32]]

    @property
    def numbers(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """What the model in memory gave when it was written."""
        found = json.loads((self.out / folder.REFERENCE).read_text(encoding="utf-8"))["numbers"]
        return np.array(found, dtype=np.float32)

    @property
    def examples(self) -> list[dict[str, str]]:
        return list(self.learner.bench.plan.task_type.EXAMPLE)


def tuned(way: Way, place: Path, **changes: Any) -> Tuned:
    """Start as a training does, take two steps down the gradient, and write the model."""
    out = place / str(way) / "model"
    learner, positions = started(plan_of(way, place / "bases", **changes), place / str(way) / "warm")
    before = np.array(learner.reference().numbers, dtype=np.float32)
    step(learner, positions)
    train._write(learner.bench, learner, out)
    return Tuned(learner, out, before)


def started(plan: Plan, warm: Path) -> tuple[Learner, list[int]]:
    """Return what learns, as tuning starts, and the positions of its items to tune on."""
    given = rows(plan.name("task_type"))
    prepared = bench.prepare(plan, given, given, time.monotonic(), lambda _: None)
    learner: Learner = plan.head.LEARNER(prepared)
    warm.mkdir(parents=True)
    learner.warm_up(warm)
    return learner, learner.start()


def step(learner: Learner, positions: list[int]) -> None:
    """Take two steps of one length down the loss of all rows: LoRA's first matrix moves only in the second."""
    items = [learner.items[place] for place in positions]
    chosen = [items[place] for batch in learner.batches(items, 0) for place in batch]
    learns = [parameter for parameter in learner.module.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learns, lr=0.05)
    learner.module.train()
    for _ in range(2):
        batch = {name: tensor.to(learns[0].device) for name, tensor in learner.collate(chosen).items()}
        learner.module(**batch)["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()
