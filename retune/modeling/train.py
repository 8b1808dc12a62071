"""Tune a base on a training split: first the probe, then from its weights; what answers validation best is kept."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from retune.core.calibration import temperature
from retune.modeling import batches, checkpoints, curve, folder, keys, layering, machine, probe, trainer
from retune.modeling.bench import Bench, Plan, Say, prepare
from retune.modeling.journal import Event, Journal

EMBEDDING_SHARE = 0.6  # of a time budget at most: more rows under the probe beat fewer tuned ones; it takes time too
CHUNK_ROWS = 256
PROBE = "probe"  # the folder of the work that keeps the probe and the parts of its learning curve


@dataclass(frozen=True)
class Fitted:
    """What a training says of itself: facts and events without a clock, seconds and hardware apart."""

    facts: dict[str, Any]
    events: list[Event]
    timings: dict[str, Any]


def fit(plan: Plan, train: pd.DataFrame, validation: pd.DataFrame, *, work: Path, out: Path, say: Say) -> Fitted:
    """Train, and write the model into the folder `out`; `work` keeps journal and checkpoints, from where it resumes.

    `train` and `validation` have the columns text and label. Raises UserError for what cannot be trained.
    """
    start = time.monotonic()
    bench = prepare(plan, train, validation, start, say)
    resumed = checkpoints.newest(work / "checkpoints")
    journal = Journal(work / keys.JOURNAL, fresh=resumed is None)
    found = _timed(bench, "probe", lambda: _probe(bench, work / PROBE))
    findings = _findings(bench, train)
    for name, value in findings.items():
        journal.write("finding", 0, {name: value})
    tuner = _timed(bench, "train", lambda: _tune(bench, found, journal, work / "checkpoints", resumed))
    with folder.writing(out):
        _write(bench, found, out)
    facts = _facts(bench, found, tuner, findings)
    journal.write("params", 0, {name: value for name, value in facts.items() if not isinstance(value, dict | list)})
    bench.seconds["total"] = time.monotonic() - start
    return Fitted(facts, journal.events, {"seconds": bench.seconds, **machine.describe(bench.bfloat16)})


def _probe(bench: Bench, place: Path) -> probe.Probe:
    """Return the probe, from where an earlier attempt kept it or fitted now."""
    if checkpoints.is_whole(place):
        strength = float((place / "strength").read_text(encoding="utf-8"))
        return folder.read_probe(place, strength)
    width = bench.module.head.in_features
    bench.say(f"embedding {len(bench.rows)} training and {len(bench.validation_rows)} validation rows")
    strengths, asked = bench.plan.params.probe_strengths, bench.validation_rows
    if bench.deadline:  # one strength needs no choice, and the time is better spent on training rows
        strengths, asked = strengths[len(strengths) // 2 :][:1], []
    positions, vectors = _embed(bench, width)
    validation = bench.compute(bench.module.embed, asked, width)
    found = probe.fit(
        vectors, bench.codes[positions], validation, bench.truth[: len(asked)], len(bench.labels), strengths
    )
    shares, seed = bench.plan.params.learning_curve if bench.deadline is None else (), bench.plan.params.seed
    parts = curve.fit(vectors, bench.codes[positions], len(bench.labels), found.strength, shares, seed)
    _keep(place, found, parts)
    return found


def _keep(place: Path, found: probe.Probe, parts: list[curve.Part]) -> None:
    """Keep the probe, and those of the learning curve, for an attempt after a kill."""
    place.mkdir(parents=True, exist_ok=True)
    with folder.writing(place):
        folder.write_linear(place / folder.PROBE, found.weight, found.bias)
    curve.write(place / curve.FILE, parts)
    (place / "strength").write_text(str(found.strength), encoding="utf-8")
    checkpoints.seal(place)


def _embed(bench: Bench, width: int) -> tuple[list[int], probe.Floats]:
    """Return the positions and vectors of the training rows: all, or what the time budget lets, every class first."""
    if bench.deadline is None:
        return list(range(len(bench.rows))), bench.compute(bench.module.embed, bench.rows, width)
    order = round_robin(bench.codes, bench.plan.params.seed)
    start = time.monotonic()
    until = start + EMBEDDING_SHARE * (bench.deadline - start)
    vectors, done = [], 0
    while done < len(order) and (done < len(bench.labels) or time.monotonic() < until):
        chunk = order[done : done + CHUNK_ROWS]
        vectors.append(bench.compute(bench.module.embed, [bench.rows[place] for place in chunk], width))
        done += len(chunk)
    complete = done == len(order)
    bench.rows_per_second = done / (time.monotonic() - start) if complete else 0.01  # too slow to tune in time
    return order[:done], np.concatenate(vectors)


def round_robin(codes: probe.Codes, seed: int) -> list[int]:
    """Return all positions so that every class comes once before any comes twice."""
    shuffled = np.random.default_rng(seed).permutation(len(codes))
    turn = pd.Series(codes[shuffled]).groupby(codes[shuffled]).cumcount().to_numpy()
    return [int(place) for place in shuffled[np.argsort(turn, kind="stable")]]


def _tune(bench: Bench, found: probe.Probe, journal: Journal, place: Path, resumed: Path | None) -> trainer.Tuner:
    """Start from the probe or from the parent, make trainable what the method says, and train."""
    plan, module = bench.plan, bench.module
    positions = _start(bench, found)
    rows, codes = [bench.rows[row] for row in positions], bench.codes[positions].tolist()
    tuner = trainer.Tuner(
        module, trainer.arguments(place, plan.params, bench.bfloat16), rows, codes,
        pad_id=bench.tokenizer.pad_token_id, params=plan.params, evaluate=bench.scores,
        interpolate=plan.method.interpolate, journal=journal, say=bench.say, seconds=bench.seconds_to_tune(),
    )  # fmt: skip
    steps = -(-len(rows) // plan.params.batch_size) * plan.params.epochs
    after = f", from {resumed.name}" if resumed else ""
    if bench.seconds_to_tune() <= 0:
        bench.say("no time is left to tune: the model is what it started from")
        return tuner
    if not rows:
        bench.say("no training row is new to the parent: the model is the parent")
        return tuner
    bench.say(f"tuning {plan.base.id} by {plan.name('method')}: {steps} steps at most{after}")
    tuner.train(resume_from_checkpoint=str(resumed) if resumed else None)
    tuner.restore_best()
    return tuner


def _start(bench: Bench, found: probe.Probe) -> list[int]:
    """Give the module the weights that tuning starts from, and return the positions of the rows that it tunes on."""
    plan, module, layer = bench.plan, bench.module, bench.plan.layer
    machine.fix(plan.params.seed, plan.params.threads)  # whether the probe was kept or fitted, what follows is the same
    module.head.load_state_dict(found.state())
    module.encoder = plan.method.adapt(module.encoder, plan.family, plan.method_settings)
    if layer is None:
        module.to(machine.device())
        return list(range(len(bench.rows)))
    layering.take_over(module.encoder, plan, layer.model)
    module.to(machine.device())
    module.head.load_state_dict(layering.head(layer.model, bench.labels) or _fitted(bench).state())
    return layer.mix.positions


def _fitted(bench: Bench) -> probe.Probe:
    """Return a probe on the vectors that the module gives now, from all training rows: a head for new labels too."""
    width, validation = bench.module.head.in_features, bench.validation_rows
    vectors, asked = (bench.compute(bench.module.embed, rows, width) for rows in (bench.rows, validation))
    return probe.fit(vectors, bench.codes, asked, bench.truth, len(bench.labels), bench.plan.params.probe_strengths)


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
    layer = bench.plan.layer
    if layer and layer.mix.shortfall:
        findings["replay_shortfall"] = layer.mix.shortfall
        bench.say(f"{layer.mix.shortfall} old rows fewer than train.replay_share asks: there are no more")
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
        probe_strength=found.strength, temperature=_temperature(bench),
    )  # fmt: skip
    page.write(out)
    rows = batches.tokenise(bench.tokenizer, plan.task_type.EXAMPLE, plan.params.max_length)
    device = next(module.parameters()).device
    logits = batches.compute(module.classify, rows, bench.tokenizer.pad_token_id, len(bench.labels), device=device)
    folder.write_json(out / folder.REFERENCE, {"texts": plan.task_type.EXAMPLE, "logits": logits.tolist()})


def _temperature(bench: Bench) -> float:
    """Return the temperature that makes the model as sure as it is right on validation rows; 1 where time is up."""
    if bench.deadline is not None and time.monotonic() >= bench.deadline:
        bench.say("no time is left to calibrate: confidences are as the head gives them")
        return 1.0
    rows = bench.calibrated_on()
    logits = bench.compute(bench.module.classify, rows, len(bench.labels))
    return temperature(logits, bench.truth[: len(rows)])


def _facts(bench: Bench, found: probe.Probe, tuner: trainer.Tuner, findings: dict[str, Any]) -> dict[str, Any]:
    """Return what is true of this training on any clock."""
    evaluations = [line for line in tuner.state.log_history if "validation_loss" in line] or [{"step": 0}]
    since_best = trainer.evaluations_since_best(evaluations, bench.plan.params.select_by)
    best = evaluations[len(evaluations) - 1 - since_best]
    if best["step"] == 0:
        findings["tuning_did_not_help"] = "no weights answered the validation split better than those at the start"
    return {
        "seed": bench.plan.params.seed,
        "threads": bench.plan.params.threads,
        "precision": "bfloat16" if bench.bfloat16 else "float32",
        "train_rows": len(bench.rows),
        "validation_rows": len(bench.validation_rows),
        "labels": len(bench.labels),
        "steps": tuner.state.global_step,
        "epochs": tuner.state.epoch,
        "train_tokens": round(sum(map(len, bench.rows)) * (tuner.state.epoch or 0)),
        "best_step": best["step"],
        "validation_best": {name: value for name, value in best.items() if name.startswith("validation_")},
        "validation_probe": {name: value for name, value in evaluations[0].items() if name.startswith("validation_")},
        "probe_strength": found.strength,
        "parameters_trainable": sum(tensor.numel() for tensor in tuner.trained().values()),
        "parameters_total": sum(parameter.numel() for parameter in bench.module.parameters()),
        "base": bench.plan.base.as_dict(),
        "findings": findings,
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
