"""What a training will take on this machine before it is done: two small bases of the same shape are measured.

A base of one layer and one of three, with random weights, learn from the rows that are to be learnt: the difference is
what a layer takes, and the rest is what a step takes without layers. No weights are read.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from retune.core.estimate import Needed, bytes_needed, floating_point_operations
from retune.modeling import bases, machine, shapes, stacks, steps
from retune.modeling.bench import Bench, Plan, set_dropout
from retune.modeling.learner import Learner

TIMED = 5  # after one that warms up, of each base in turn, since a machine's load comes and goes; medians count
LAYERS = (1, 3)
REHEARSALS = 2  # of the longest step, before a training begins
clock = time.monotonic
FLOAT = 4  # bytes: weights are kept in float32 whatever they are multiplied in


@dataclass(frozen=True)
class Measured:
    """What a step took in a base of so many layers: seconds forward, forward and back, of the optimiser; bytes kept."""

    layers: int
    forward: float
    both: float
    optimiser: float
    kept: float

    def at(self, other: Measured, layers: int, learning: int) -> Measured:
        """Return what a base of `layers` would take, of which the upper `learning` learn; `other` has more."""
        more = other.layers - self.layers

        def of(one: float, two: float, count: int) -> float:
            return max(0.0, one + (two - one) / more * (count - self.layers))

        forward = of(self.forward, other.forward, layers)
        back = of(self.both - self.forward, other.both - other.forward, learning)
        return Measured(layers, forward, forward + back, self.optimiser, of(self.kept, other.kept, learning))


def forecast(plan: Plan, train: pd.DataFrame, validation: pd.DataFrame) -> Needed:
    """Return seconds, bytes and operations of a training on these rows [ROWS]; it takes seconds itself."""
    params, folder = plan.params, bases.locate(plan.base)
    machine.fix(params.seed, params.threads)
    small, large = (_learner(plan, folder, layers, train, validation) for layers in LAYERS)
    places = small.batches(small.items, 0)
    sizes = [len(rows) * max(len(small.items[row]) for row in rows) for rows in places]
    typical = places[sizes.index(statistics.median_low(sizes))]
    longest = places[sizes.index(max(sizes))]
    whole = shapes.shaped(folder, plan.family.KIND, None, **plan.head.LOAD)
    layers, frozen = shapes.depth(whole), int(getattr(plan.method_settings, "freeze_layers", 0))
    learning = layers - min(frozen, layers)
    one, two = _measured([small, large], typical, longest, params.gradient_accumulation)
    step = one.at(two, layers, learning)
    tokens, asked = sum(map(len, small.items)), sum(sizes)
    trainable = plan.method.trainable_parameters(whole, plan.family, plan.method_settings)
    optimiser = step.optimiser * trainable / max(1, _trainable(small))
    each = len(typical) * max(len(small.items[row]) for row in typical)  # padded tokens of the step that was measured
    answered = _tokens(small, validation)
    evaluations = 1 + params.epochs * params.evaluations_per_epoch * len(params.tuned_shares)
    forward_tokens = answered * evaluations + (tokens + answered) * small.HAS_PROBE
    learnt = params.epochs * asked + REHEARSALS * max(sizes)
    return Needed(
        seconds=(step.both * learnt + step.forward * forward_tokens) / each + optimiser * len(places) * params.epochs,
        memory_bytes=bytes_needed(_size(whole), trainable, step.kept, FLOAT),
        operations=floating_point_operations(_size(plan.family.blocks(whole)), trainable, tokens * params.epochs),
        parameters=_size(whole), trainable=trainable, tokens=tokens * params.epochs, steps=len(places) * params.epochs,
    )  # fmt: skip


def _learner(plan: Plan, folder: Path, layers: int, train: pd.DataFrame, validation: pd.DataFrame) -> Learner:
    """Return what learns these rows with a small base of random weights, adapted by the method."""
    body = shapes.shaped(folder, plan.family.KIND, layers, **plan.head.LOAD)
    tokenizer = stacks.tokenizer_of(folder)
    tokenizer.padding_side = plan.family.PADDING_SIDE if plan.head.LOAD else "right"
    set_dropout(body, plan.params.dropout)
    bench = Bench(
        plan=plan, body=body, tokenizer=tokenizer, train=train, validation=validation, deadline=None,
        bfloat16=machine.chooses_bfloat16(plan.params.precision), say=lambda _: None,
    )  # fmt: skip
    learner: Learner = plan.head.LEARNER(bench)
    known = {"freeze_layers": 0} if hasattr(plan.method_settings, "freeze_layers") else {}
    settings = plan.method_settings.model_copy(update=known)
    learner.module.body = plan.method.adapt(learner.module.body, plan.family, settings)
    learner.module.to(machine.device())
    return learner


def _measured(
    learners: Sequence[Learner], typical: Sequence[int], longest: Sequence[int], parts: int
) -> list[Measured]:
    """Return what a step of typical rows takes in each base, and what the longest one keeps for the way back."""
    pieces = [_pieces(learner, typical) for learner in learners]
    seconds = _seconds([piece for of in pieces for piece in of])
    found = []
    for learner, start in zip(learners, range(0, len(seconds), 3), strict=True):
        part = steps.parts([learner.items[place] for place in longest], parts)[0]
        forward, both, optimiser = seconds[start : start + 3]
        found.append(Measured(shapes.depth(_base(learner)), forward, both, optimiser, _kept(learner, part)))
    return found


def _pieces(learner: Learner, typical: Sequence[int]) -> list[Callable[[], Any]]:
    """Return what is timed: the way forward, the way forward and back, and a step of the optimiser."""
    parameters = [parameter for parameter in learner.module.parameters() if parameter.requires_grad]
    rows = [learner.items[place] for place in typical]
    learner.module.train()

    def forward() -> None:
        with torch.no_grad():
            _loss(learner, rows)

    def both() -> None:
        _loss(learner, rows).backward()  # type: ignore[no-untyped-call]

    optimiser = torch.optim.AdamW(parameters, fused=True)

    def moved() -> None:
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        optimiser.zero_grad()

    return [forward, both, moved]


def _loss(learner: Learner, rows: Sequence[Any]) -> torch.Tensor:
    """Return the mean loss of rows, in the precision of the training."""
    batch = {name: tensor.to(machine.device()) for name, tensor in learner.collate(rows).items()}
    with machine.autocast(learner.bench.bfloat16):
        loss: torch.Tensor = learner.module(**batch)["loss"]
    return loss


def _seconds(pieces: Sequence[Callable[[], Any]]) -> list[float]:
    """Return the median seconds of each piece of work, done in turn, the first time left out."""
    found: list[list[float]] = []
    for _ in range(1 + TIMED):
        found.append([])
        for piece in pieces:
            start = clock()
            piece()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            found[-1].append(clock() - start)
    return [statistics.median(of) for of in zip(*found[1:], strict=True)]


def _kept(learner: Learner, rows: Sequence[Any]) -> float:
    """Return the bytes of what the way forward keeps for the way back, but for the weights."""
    weights = {parameter.untyped_storage().data_ptr() for parameter in learner.module.parameters()}
    found: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = _loss(learner, rows)
    kept = sum(found.values())
    del loss
    return float(kept)


def _base(learner: Learner) -> Any:
    """Return the base of a module, without what a method put around it."""
    body: Any = learner.module.body
    return body.get_base_model() if hasattr(body, "get_base_model") else body


def _size(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _trainable(learner: Learner) -> int:
    return sum(parameter.numel() for parameter in learner.module.body.parameters() if parameter.requires_grad)


def _tokens(learner: Learner, rows: pd.DataFrame) -> int:
    """Return about how many tokens the rows have, by their characters beside those that are learnt."""
    characters = [int(frame["text"].str.len().sum() + frame["label"].str.len().sum()) for frame in
                  (rows, learner.bench.train)]  # fmt: skip
    return round(sum(map(len, learner.items)) * characters[0] / max(1, characters[1]))
