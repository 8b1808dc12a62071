"""Tune a base on a training split: what its head warms up with, then tuning; what answers validation best is kept."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from retune.modeling import checkpoints, distributed, folder, health, keys, machine, trainer
from retune.modeling.bench import Bench, Plan, Say, prepare
from retune.modeling.journal import Event, Journal
from retune.modeling.learner import Learner

WARM_UP = "warm_up"  # the folder of the work that keeps what a head did before tuning


@dataclass(frozen=True)
class Fitted:
    """What a training says of itself: facts and events without a clock, seconds and hardware apart."""

    facts: dict[str, Any]
    events: list[Event]
    timings: dict[str, Any]


def fit(plan: Plan, train: pd.DataFrame, validation: pd.DataFrame, *, work: Path, out: Path, say: Say) -> Fitted:
    """Train, and write the model into the folder `out`; `work` keeps journal and checkpoints, from where it resumes.

    `train` and `validation` have the columns of ROWS. Raises UserError for what cannot be trained.
    """
    start = time.monotonic()
    bench, learner, tuner, journal = _trained(plan, train, validation, work, start, say)
    with folder.writing(out):
        _write(bench, learner, out)
    facts = _facts(bench, learner, tuner, journal)
    journal.write("params", 0, {name: value for name, value in facts.items() if not isinstance(value, dict | list)})
    bench.seconds["total"] = time.monotonic() - start
    measured = {"seconds": bench.seconds, "expected_train_seconds": tuner.expected}
    measured["peak_memory_bytes"] = machine.peak_memory_bytes()
    return Fitted(facts, journal.events, {**measured, **machine.describe(bench.bfloat16)})


def follow(plan: Plan, train: pd.DataFrame, validation: pd.DataFrame, *, work: Path) -> None:
    """Train along with the first of several processes, which writes the model: this one computes its share."""
    _trained(plan, train, validation, work, time.monotonic(), lambda _: None)


def _trained(
    plan: Plan, train: pd.DataFrame, validation: pd.DataFrame, work: Path, start: float, say: Say
) -> tuple[Bench, Learner, trainer.Tuner, Journal]:
    """Return what was tuned, with what it was tuned by; `work` is the same folder for all processes."""
    distributed.join()
    bench = prepare(plan, train, validation, start, say)
    learner: Learner = plan.head.LEARNER(bench)
    resumed = distributed.of_first(lambda: checkpoints.newest(work / "checkpoints"))
    journal = Journal(work / keys.JOURNAL if distributed.is_first() else None, fresh=resumed is None)
    _timed(bench, "warm_up", lambda: distributed.first_then_others(lambda: learner.warm_up(work / WARM_UP)))
    for name, value in {**learner.findings(), **_shortfall(plan, say)}.items():
        journal.write("finding", 0, {name: value})
    tuner = _timed(bench, "train", lambda: _tune(bench, learner, journal, work / "checkpoints", resumed))
    if is_sharded(plan) and distributed.is_first():
        learner = _gathered(bench, tuner, work)
    return bench, learner, tuner, journal


def _gathered(bench: Bench, tuner: trainer.Tuner, work: Path) -> Learner:
    """Return a learner with the whole weights that were found best, to write: in the trained one are but parts."""
    again = prepare(bench.plan, bench.train, bench.validation, time.monotonic(), lambda _: None)
    learner: Learner = bench.plan.head.LEARNER(again)
    learner.warm_up(work / WARM_UP)
    learner.start()
    learner.module.load_state_dict(tuner.best or tuner.start, strict=False)
    return learner


def _tune(bench: Bench, learner: Learner, journal: Journal, place: Path, resumed: Path | None) -> trainer.Tuner:
    """Start from what the head starts from, make trainable what the method says, and train."""
    plan = bench.plan
    machine.fix(plan.params.seed, plan.params.threads)  # whether warm-up was kept or done, what follows is the same
    positions = learner.start()
    seconds = distributed.of_first(lambda: bench.seconds_left() - learner.reserved_seconds())
    arguments = trainer.arguments(place, plan.params, bench.bfloat16)
    tuner = _kind(plan)(learner, positions, arguments, journal=journal, seconds=seconds)
    after = f", from {resumed.name}" if resumed else ""
    if seconds <= 0:
        bench.say("no time is left to tune: the model is what it started from")
        return tuner
    if not positions:
        bench.say("no training row is new to the parent: the model is the parent")
        return tuner
    steps = len(tuner.steps) * plan.params.epochs
    bench.say(f"tuning {plan.base.id} by {plan.name('method')}: {steps} steps at most{after}")
    tuner.train(resume_from_checkpoint=str(resumed) if resumed else None)
    tuner.restore_best()
    return tuner


def _kind(plan: Plan) -> type[trainer.Tuner]:
    """Return what trains: with whole weights in each process, or with weights that are shared out."""
    if not is_sharded(plan):
        return trainer.Tuner
    from retune.modeling import sharding

    return sharding.SharedTuner


def is_sharded(plan: Plan) -> bool:
    """Say whether each process keeps its part of the weights alone."""
    return plan.params.sharding == "full" and distributed.processes() > 1


def _shortfall(plan: Plan, say: Say) -> dict[str, Any]:
    """Return how many old rows are missing from the share that is asked for."""
    if plan.layer is None or not plan.layer.mix.shortfall:
        return {}
    say(f"{plan.layer.mix.shortfall} old rows fewer than train.replay_share asks: there are no more")
    return {"replay_shortfall": plan.layer.mix.shortfall}


def _write(bench: Bench, learner: Learner, out: Path) -> None:
    """Write the model folder, with made-up rows and the numbers that the model in memory gives them."""
    plan, module = bench.plan, learner.module.eval()
    out.mkdir(parents=True, exist_ok=True)
    plan.method.save(module.body, out, plan.base.id)
    page = folder.Page(
        task_type=plan.name("task_type"), family=plan.name("family"), method=plan.name("method"), base=plan.base,
        max_length=plan.params.max_length, task_settings=plan.task_settings.model_dump(mode="json"),
        head=learner.write(out),
    )  # fmt: skip
    page.write(out)
    found = learner.reference()
    folder.write_json(out / folder.REFERENCE, {"examples": found.examples, "numbers": found.numbers})


def _facts(bench: Bench, learner: Learner, tuner: trainer.Tuner, journal: Journal) -> dict[str, Any]:
    """Return what is true of this training on any clock."""
    findings = journal.findings()
    evaluations = [line for line in tuner.state.log_history if "validation_loss" in line] or [{"step": 0}]
    since_best = health.evaluations_since_best(evaluations, bench.plan.params.select_by)
    best = evaluations[len(evaluations) - 1 - since_best]
    if best["step"] == 0:
        findings["tuning_did_not_help"] = "no weights answered the validation split better than those at the start"
    return {
        "seed": bench.plan.params.seed,
        "threads": bench.plan.params.threads,
        "processes": distributed.processes(),
        "precision": "bfloat16" if bench.bfloat16 else "float32",
        "train_rows": len(bench.train),
        "validation_rows": len(bench.validation),
        "steps": tuner.state.global_step,
        "gradient_accumulation": tuner.parts,
        "epochs": tuner.state.epoch,
        "train_tokens": round(sum(map(len, learner.items)) * (tuner.state.epoch or 0)),
        "best_step": best["step"],
        "validation_best": {name: value for name, value in best.items() if name.startswith("validation_")},
        "validation_start": {name: value for name, value in evaluations[0].items() if name.startswith("validation_")},
        "parameters_trainable": sum(tensor.numel() for tensor in tuner.start.values()),
        "parameters_total": sum(parameter.numel() for parameter in learner.module.parameters()),
        "base": bench.plan.base.as_dict(),
        "findings": findings,
        **learner.facts(),
        **_continued(bench),
    }


def _continued(bench: Bench) -> dict[str, Any]:
    """Return which version was continued, and on how many new and old rows; nothing where tuning began at the base."""
    layer = bench.plan.layer
    if layer is None:
        return {}
    parent = f"{layer.parent.model} version {layer.parent.version}"
    return {"parent": parent, "new_rows": layer.mix.new, "replayed_rows": layer.mix.replayed}


def _timed(bench: Bench, phase: str, work: Callable[[], Any]) -> Any:
    """Return what `work` returns, and note the seconds it took."""
    start = time.monotonic()
    result = work()
    bench.seconds[phase] = time.monotonic() - start
    return result


def to_stderr(line: str) -> None:
    """Tell a person how far the training is."""
    print(f"train: {line}", file=sys.stderr, flush=True)
