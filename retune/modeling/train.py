"""Tune a base on a training split: first the probe, then from its weights; what answers validation best is kept."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import torch

from retune.core import parts
from retune.core.errors import UserError
from retune.core.params.base import Settings
from retune.core.params.train import TrainParams
from retune.modeling import bases, batches, checkpoints, folder, machine, probe, trainer
from retune.modeling.bases import BaseIdentity
from retune.modeling.journal import Event, Journal
from retune.modeling.pooled import PooledClassifier

Say = Callable[[str], None]
EMBEDDING_SHARE = 0.45  # of a time budget at most: what is left tunes
CHUNK_ROWS = 512


@dataclass(frozen=True)
class Plan:
    """What is to be trained: the model's parts, its base, and its settings."""

    task_type: ModuleType
    family: ModuleType
    method: ModuleType
    base: BaseIdentity
    params: TrainParams
    method_settings: Settings

    def name(self, kind: str) -> str:
        """Return the name of one of the parts."""
        module: ModuleType = getattr(self, kind)
        return module.__name__.rsplit(".", 1)[-1]


@dataclass(frozen=True)
class Fitted:
    """What a training says of itself: facts and events without a clock, seconds and hardware apart."""

    facts: dict[str, Any]
    events: list[Event]
    timings: dict[str, Any]


@dataclass
class Bench:
    """A model on the bench: its data as token ids, and the seconds that each phase took."""

    plan: Plan
    labels: list[str]
    module: PooledClassifier
    tokenizer: Any
    rows: batches.Rows
    codes: probe.Codes
    validation_rows: batches.Rows
    validation: pd.DataFrame
    bfloat16: bool
    deadline: float | None
    say: Say
    seconds: dict[str, float] = field(default_factory=dict)

    def compute(self, function: Callable[..., torch.Tensor], rows: batches.Rows, width: int) -> probe.Floats:
        """Return a function of the module for all rows, in the precision of the training."""
        self.module.eval()
        with machine.autocast(self.bfloat16):
            return batches.compute(
                function, rows, self.tokenizer.pad_token_id, width, device=next(self.module.parameters()).device
            )

    @property
    def truth(self) -> probe.Codes:
        """Return the classes of the validation rows."""
        codes: probe.Codes = self.plan.task_type.encode(self.validation["label"], self.labels)
        return codes

    def scores(self) -> dict[str, float]:
        """Return how the module answers the validation rows."""
        logits = self.compute(self.module.classify, self.validation_rows, len(self.labels))
        result = score(self.plan.task_type, logits, self.validation["label"], self.truth, self.labels)
        self.say("validation: " + ", ".join(f"{name} {value:.4f}" for name, value in result.items()))
        return result


def fit(plan: Plan, train: pd.DataFrame, validation: pd.DataFrame, *, work: Path, out: Path, say: Say) -> Fitted:
    """Train, and write the model into the folder `out`; `work` keeps journal and checkpoints, from where it resumes.

    `train` and `validation` have the columns text and label. Raises UserError for what cannot be trained.
    """
    start = time.monotonic()
    bench = _prepare(plan, train, validation, start, say)
    resumed = checkpoints.newest(work / "checkpoints")
    journal = Journal(work / "journal.jsonl", fresh=resumed is None)
    found = _timed(bench, "probe", lambda: _probe(bench, work / "probe"))
    findings = _findings(bench, train)
    for name, value in findings.items():
        journal.write("finding", 0, {name: value})
    tuner = _timed(bench, "train", lambda: _tune(bench, found, journal, work / "checkpoints", resumed))
    tuner.restore_best()
    _write(bench, found, out)
    facts = _facts(bench, found, tuner, findings)
    journal.write("params", 0, {name: value for name, value in facts.items() if not isinstance(value, dict | list)})
    bench.seconds["total"] = time.monotonic() - start
    return Fitted(facts, journal.events, {"seconds": bench.seconds, **machine.describe(bench.bfloat16)})


def _prepare(plan: Plan, train: pd.DataFrame, validation: pd.DataFrame, start: float, say: Say) -> Bench:
    """Fix the random numbers, load the base and turn texts into token ids."""
    params, labels = plan.params, plan.task_type.labels_of(train)
    if len(labels) < 2 or len(validation) == 0:
        found = f"{len(labels)} labels in {len(train)} rows, {len(validation)} rows for validation"
        todo = "Look at the reports of the steps examples and split."
        raise UserError(expected="two labels or more, and rows for validation", found=found, todo=todo)
    machine.fix(params.seed, params.threads)
    encoder, tokenizer = plan.family.load(bases.locate(plan.base))
    set_dropout(encoder, params.dropout)
    width = int(encoder.config.hidden_size)
    module = PooledClassifier(encoder, plan.family, width, len(labels), params.label_smoothing).to(machine.device())
    return Bench(
        plan=plan, labels=labels, module=module, tokenizer=tokenizer, say=say, validation=validation,
        rows=batches.tokenise(tokenizer, list(train["text"]), params.max_length),
        codes=plan.task_type.encode(train["label"], labels),
        validation_rows=batches.tokenise(tokenizer, list(validation["text"]), params.max_length),
        bfloat16=machine.chooses_bfloat16(params.precision),
        deadline=start + params.time_budget_seconds if params.time_budget_seconds else None,
    )  # fmt: skip


def set_dropout(encoder: torch.nn.Module, share: float) -> None:
    """Set the dropout of every layer of the base."""
    for module in encoder.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = share


def _probe(bench: Bench, place: Path) -> probe.Probe:
    """Return the probe, from where an earlier attempt kept it or fitted now."""
    if checkpoints.is_whole(place):
        strength = float((place / "strength").read_text(encoding="utf-8"))
        return folder.read_probe(place, strength)
    width = bench.module.head.in_features
    bench.say(f"embedding {len(bench.rows)} training and {len(bench.validation_rows)} validation rows")
    validation = bench.compute(bench.module.embed, bench.validation_rows, width)
    positions, vectors = _embed(bench, width)
    codes = bench.codes[positions]
    found = probe.fit(vectors, codes, validation, bench.truth, len(bench.labels), bench.plan.params.probe_strengths)
    place.mkdir(parents=True, exist_ok=True)
    folder.write_linear(place / folder.PROBE, found.weight, found.bias)
    (place / "strength").write_text(str(found.strength), encoding="utf-8")
    checkpoints.seal(place)
    return found


def _embed(bench: Bench, width: int) -> tuple[list[int], probe.Floats]:
    """Return the positions and vectors of the training rows: all, or what the time budget lets, every class first."""
    if bench.deadline is None:
        return list(range(len(bench.rows))), bench.compute(bench.module.embed, bench.rows, width)
    order = round_robin(bench.codes, bench.plan.params.seed)
    until = time.monotonic() + EMBEDDING_SHARE * (bench.deadline - time.monotonic())
    vectors, done = [], 0
    while done < len(order) and (done < len(bench.labels) or time.monotonic() < until):
        chunk = order[done : done + CHUNK_ROWS]
        vectors.append(bench.compute(bench.module.embed, [bench.rows[place] for place in chunk], width))
        done += len(chunk)
    return order[:done], np.concatenate(vectors)


def round_robin(codes: probe.Codes, seed: int) -> list[int]:
    """Return all positions so that every class comes once before any comes twice."""
    shuffled = np.random.default_rng(seed).permutation(len(codes))
    turn = pd.Series(codes[shuffled]).groupby(codes[shuffled]).cumcount().to_numpy()
    return [int(place) for place in shuffled[np.argsort(turn, kind="stable")]]


def _tune(bench: Bench, found: probe.Probe, journal: Journal, place: Path, resumed: Path | None) -> trainer.Tuner:
    """Start the head from the probe, make trainable what the method says, and train."""
    plan, module = bench.plan, bench.module
    machine.fix(plan.params.seed, plan.params.threads)  # whether the probe was kept or fitted, what follows is the same
    module.head.load_state_dict({"weight": torch.from_numpy(found.weight), "bias": torch.from_numpy(found.bias)})
    module.encoder = plan.method.adapt(module.encoder, plan.family, plan.method_settings)
    module.to(machine.device())
    tuner = trainer.Tuner(
        module, trainer.arguments(place, plan.params, bench.bfloat16), bench.rows, bench.codes.tolist(),
        pad_id=bench.tokenizer.pad_token_id, params=plan.params, evaluate=bench.scores, journal=journal,
        deadline=bench.deadline,
    )  # fmt: skip
    steps = -(-len(bench.rows) // plan.params.batch_size) * plan.params.epochs
    after = f", from {resumed.name}" if resumed else ""
    bench.say(f"tuning {plan.base.id} by {plan.name('method')}: {steps} steps at most{after}")
    tuner.train(resume_from_checkpoint=str(resumed) if resumed else None)
    return tuner


def score(
    task_type: ModuleType, logits: probe.Floats, labels: pd.Series, truth: probe.Codes, known: list[str]
) -> dict[str, float]:
    """Return the task type's metrics and the mean loss over the rows whose label is known."""
    predictions = task_type.decode(logits, known)["prediction"]
    result = {
        name: float(parts.find("retune.core.metrics", name).score(list(labels), list(predictions)))
        for name in task_type.METRICS
    }
    rows = torch.from_numpy(logits)
    loss = torch.nn.functional.cross_entropy(rows, torch.from_numpy(truth)) if (truth >= 0).any() else torch.zeros(())
    return {**result, "loss": float(loss)}


def _findings(bench: Bench, train: pd.DataFrame) -> dict[str, Any]:
    """Return what a person should know of the data: texts that were cut, labels that only validation has."""
    unseen = sorted(set(bench.validation["label"]) - set(train["label"]))
    cut = sum(len(row) == bench.plan.params.max_length for row in bench.rows + bench.validation_rows)
    findings: dict[str, Any] = {}
    if unseen:
        findings["labels_unseen_in_training"] = ", ".join(unseen)
        bench.say(f"{len(unseen)} labels of the validation split are not in training: {', '.join(unseen)}")
    if cut:
        findings["texts_cut_at_max_length"] = cut
    return findings


def _write(bench: Bench, found: probe.Probe, out: Path) -> None:
    """Write the model folder, with made-up texts and the logits that the model in memory gives them."""
    plan, module = bench.plan, bench.module.eval()
    out.mkdir(parents=True, exist_ok=True)
    plan.method.save(module.encoder, out, plan.base.id)
    head = {name: tensor.detach().cpu().numpy() for name, tensor in module.head.state_dict().items()}
    folder.write_linear(out / folder.HEAD, head["weight"], head["bias"])
    folder.write_linear(out / folder.PROBE, found.weight, found.bias)
    page = folder.Page(
        task_type=plan.name("task_type"), family=plan.name("family"), method=plan.name("method"), base=plan.base,
        labels=bench.labels, max_length=plan.params.max_length, pooling=plan.family.POOLING,
        probe_strength=found.strength,
    )  # fmt: skip
    page.write(out)
    rows = batches.tokenise(bench.tokenizer, plan.task_type.EXAMPLE, plan.params.max_length)
    device = next(module.parameters()).device
    logits = batches.compute(module.classify, rows, bench.tokenizer.pad_token_id, len(bench.labels), device=device)
    folder.write_json(out / folder.REFERENCE, {"texts": plan.task_type.EXAMPLE, "logits": logits.tolist()})


def _facts(bench: Bench, found: probe.Probe, tuner: trainer.Tuner, findings: dict[str, Any]) -> dict[str, Any]:
    """Return what is true of this training on any clock."""
    evaluations = [line for line in tuner.state.log_history if "validation_loss" in line]
    since_best = trainer.evaluations_since_best(evaluations, bench.plan.params.select_by)
    best = evaluations[len(evaluations) - 1 - since_best]
    if best["step"] == 0:
        findings["tuning_did_not_help"] = "no weights answered the validation split better than the probe"
    return {
        "seed": bench.plan.params.seed,
        "threads": bench.plan.params.threads,
        "precision": "bfloat16" if bench.bfloat16 else "float32",
        "train_rows": len(bench.rows),
        "validation_rows": len(bench.validation_rows),
        "labels": len(bench.labels),
        "steps": tuner.state.global_step,
        "epochs": tuner.state.epoch,
        "best_step": best["step"],
        "validation_best": {name: value for name, value in best.items() if name.startswith("validation_")},
        "validation_probe": {name: value for name, value in evaluations[0].items() if name.startswith("validation_")},
        "probe_strength": found.strength,
        "parameters_trainable": sum(tensor.numel() for tensor in tuner.trained().values()),
        "parameters_total": sum(parameter.numel() for parameter in bench.module.parameters()),
        "base": bench.plan.base.as_dict(),
        "findings": findings,
    }


def _timed(bench: Bench, phase: str, work: Callable[[], Any]) -> Any:
    """Return what `work` returns, and note the seconds it took."""
    start = time.monotonic()
    result = work()
    bench.seconds[phase] = time.monotonic() - start
    return result


def to_stderr(line: str) -> None:
    """Tell a person how far the training is."""
    print(f"train: {line}", file=sys.stderr, flush=True)
