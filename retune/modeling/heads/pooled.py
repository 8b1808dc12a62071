"""The head of labels: one linear layer on the pooled vector, which starts from the probe.

Its task types give `labels_of`, the labels of training rows; `encode`, the codes of labels: classes [rows], or which of
all labels a row has [rows, labels]; `decode`, the answers of logits; `losses` and `temperature` of logits and codes;
and `cuts`, by which the logits are lower before labels are chosen, fitted on validation.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import torch

from retune.core import parts
from retune.core.errors import UserError
from retune.modeling import batches, checkpoints, curve, folder, linear, machine, probe, validation
from retune.modeling.bench import Bench
from retune.modeling.learner import Learner, Reference, Tensors
from retune.modeling.pooled import PooledClassifier

Floats = probe.Floats
LOAD: dict[str, Any] = {}  # a base without the head that writes text
EMBEDDING_SHARE = 0.6  # of a time budget at most: more rows under the probe beat fewer tuned ones; it takes time too
FLOOR = "floor"  # beside the probe that is kept: the folder of the one that answers
CHUNK_ROWS = 256
CALIBRATED_ROWS = 200  # under a time budget: one number is known well enough from so many


class PooledLearner(Learner):
    """Learns labels: first the probe on the frozen base, then from its weights."""

    HAS_PROBE = True
    module: PooledClassifier  # type: ignore[assignment] # it is a Module by its `body`

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        plan = bench.plan
        self.labels: list[str] = plan.task_type.labels_of(bench.train)
        if len(self.labels) < 2:
            found = f"{len(self.labels)} labels in {len(bench.train)} rows"
            todo = "Look at the reports of the steps examples and split."
            raise UserError(expected="two labels or more", found=found, todo=todo)
        width = int(bench.body.config.hidden_size)  # type: ignore[union-attr, arg-type]
        smoothing = plan.params.label_smoothing
        self.module = PooledClassifier(bench.body, plan.family, width, len(self.labels), smoothing).to(machine.device())
        self.rows = batches.tokenise(bench.tokenizer, list(bench.train["text"]), plan.params.max_length)
        self.codes: probe.Codes = plan.task_type.encode(bench.train["label"], self.labels)
        self.validation_rows = batches.tokenise(bench.tokenizer, list(bench.validation["text"]), plan.params.max_length)
        self.items = [Row(row, code) for row, code in zip(self.rows, self.codes, strict=True)]
        self.rows_per_second = math.inf  # of embedding, measured under a time budget
        self.probe: probe.Probe  # where tuning starts
        self.floor: probe.Probe  # the same, moved by its own cuts, as it answers beside the model

    def collate(self, items: Sequence[Row]) -> Tensors:
        """Return ids, mask and labels of one batch."""
        padded = batches.pad([item.ids for item in items], self.bench.tokenizer.pad_token_id)
        return {**padded, "labels": torch.from_numpy(np.stack([item.code for item in items]))}

    @property
    def truth(self) -> probe.Codes:
        """Return the classes of the validation rows."""
        codes: probe.Codes = self.bench.plan.task_type.encode(self.bench.validation["label"], self.labels)
        return codes

    def compute(self, function: Any, rows: batches.Rows, width: int) -> Floats:
        """Return a function of the module for all rows, in the precision of the training."""
        self.module.eval()
        pad_id, device = self.bench.tokenizer.pad_token_id, next(self.module.parameters()).device
        with machine.autocast(self.bench.bfloat16):
            return batches.compute(function, rows, pad_id, width, device=device)

    def warm_up(self, place: Path) -> None:
        """Fit the probe and the parts of its learning curve, or take them from an earlier attempt."""
        kept, floor = linear.kept(place), linear.kept(place / FLOOR)
        if kept is not None and floor is not None:
            self.probe, self.floor = kept, floor
            return
        bench, width = self.bench, self.module.head.in_features
        bench.say(f"embedding {len(self.rows)} training and {len(self.validation_rows)} validation rows")
        strengths, asked = bench.plan.params.probe_strengths, self.validation_rows
        if bench.deadline:  # one strength needs no choice, and the time is better spent on training rows
            strengths, asked = strengths[len(strengths) // 2 :][:1], []
        positions, vectors = self._embed(width)
        validation = self.compute(self.module.embed, asked, width)
        codes, classes = self.codes[positions], len(self.labels)
        self.probe = probe.fit(vectors, codes, validation, self.truth[: len(asked)], classes, strengths)
        self.floor = self._moved(self.probe, validation)
        _keep(place, self.probe, self.floor, self._curve(vectors, codes))

    def _moved(self, found: probe.Probe, validation: Floats) -> probe.Probe:
        """Return a probe that chooses labels as fits the vectors of the first validation rows best."""
        cuts = self.bench.plan.task_type.cuts(found.logits(validation), self.truth[: len(validation)])
        return probe.moved(found, cuts)

    def _curve(self, vectors: Floats, codes: probe.Codes) -> list[curve.Part]:
        """Return probes on parts of the rows, where the task type has a picture of them and time does not press."""
        bench, strength = self.bench, self.probe.strength
        if bench.deadline is not None or "learning_curve" not in bench.plan.task_type.PLOTS:
            return []
        params = bench.plan.params
        return curve.fit(vectors, codes, len(self.labels), strength, params.learning_curve, params.seed)

    def _embed(self, width: int) -> tuple[list[int], Floats]:
        """Return positions and vectors of the training rows: all, or what the time budget lets, every class first."""
        if self.bench.deadline is None:
            return list(range(len(self.rows))), self.compute(self.module.embed, self.rows, width)
        order = round_robin(classes_of(self.codes), self.bench.plan.params.seed)
        start = time.monotonic()
        until = start + EMBEDDING_SHARE * (self.bench.deadline - start)
        vectors, done = [], 0
        while done < len(order) and (done < len(self.labels) or time.monotonic() < until):
            chunk = order[done : done + CHUNK_ROWS]
            vectors.append(self.compute(self.module.embed, [self.rows[place] for place in chunk], width))
            done += len(chunk)
        complete = done == len(order)
        self.rows_per_second = done / (time.monotonic() - start) if complete else 0.01  # too slow to tune in time
        return order[:done], np.concatenate(vectors)

    def start(self) -> list[int]:
        """Put the probe into the head, or the parent's head where it knows all labels, and adapt the body."""
        self.module.head.load_state_dict(self.probe.state())
        positions = super().start()
        layer = self.bench.plan.layer
        if layer is not None:
            theirs = linear.head_of(layer.model, "labels", self.labels)
            self.module.head.load_state_dict(theirs or self._fitted().state())
        return positions

    def _fitted(self) -> probe.Probe:
        """Return a probe on the vectors that the module gives now, from all rows: a head for new labels too."""
        width, strengths = self.module.head.in_features, self.bench.plan.params.probe_strengths
        vectors, asked = (self.compute(self.module.embed, rows, width) for rows in (self.rows, self.validation_rows))
        return probe.fit(vectors, self.codes, asked, self.truth, len(self.labels), strengths)

    def reserved_seconds(self) -> float:
        """Return the seconds that the last two answers of validation rows take."""
        answered = len(self.validation_rows) + len(self._calibrated_on())
        return 1.2 * answered / self.rows_per_second

    def _calibrated_on(self) -> batches.Rows:
        """Return the validation rows by which the temperature is fitted: all, or the first ones under a budget."""
        return self.validation_rows if self.bench.deadline is None else self.validation_rows[:CALIBRATED_ROWS]

    def scores(self) -> dict[str, float]:
        """Return the task type's metrics and the mean loss over the rows whose label is known."""
        task_type = self.bench.plan.task_type
        logits = self.compute(self.module.classify, self.validation_rows, len(self.labels))
        chosen = task_type.decode(logits - task_type.cuts(logits, self.truth), self.labels)
        lost = task_type.losses(logits, self.truth)
        scored = validation.scored(task_type, self.bench.validation, list(chosen["prediction"]))
        return {**scored, "loss": float(lost[np.isfinite(lost)].mean()) if np.isfinite(lost).any() else 0.0}

    def findings(self) -> dict[str, Any]:
        """Return the labels that only validation has, and how many texts were cut."""
        found: dict[str, Any] = {}
        unseen = sorted(set(self.bench.plan.task_type.labels_of(self.bench.validation)) - set(self.labels))
        if unseen:
            found["labels_unseen_in_training"] = ", ".join(unseen)
            self.bench.say(f"{len(unseen)} labels of the validation split are not in training: {', '.join(unseen)}")
        longest = self.bench.plan.params.max_length
        cut = sum(len(row) == longest for row in self.rows + self.validation_rows)
        if cut:
            found["texts_cut_at_max_length"] = cut
        return found

    def facts(self) -> dict[str, Any]:
        """Return the number of labels and the strength of the probe."""
        return {"labels": len(self.labels), "probe_strength": self.probe.strength}

    def write(self, out: Path) -> dict[str, Any]:
        """Write head and probe; return labels, pooling, the probe's strength, and the temperature."""
        heat = self._calibrate()
        linear.write_head(out, self.module.head)
        folder.write_linear(out / linear.PROBE, self.floor.weight, self.floor.bias)
        return {
            "labels": self.labels, "pooling": self.bench.plan.family.POOLING, "probe_strength": self.probe.strength,
            "temperature": heat,
        }  # fmt: skip

    def _calibrate(self) -> float:
        """Move the head by the cuts that fit the validation rows; return the temperature; 1 if time is up.

        The temperature makes the model as sure as it is right on those rows.
        """
        if self.bench.deadline is not None and time.monotonic() >= self.bench.deadline:
            self.bench.say("no time is left to calibrate: confidences are as the head gives them")
            return 1.0
        rows, task_type = self._calibrated_on(), self.bench.plan.task_type
        logits, truth = self.compute(self.module.classify, rows, len(self.labels)), self.truth[: len(rows)]
        cuts = task_type.cuts(logits, truth)
        with torch.no_grad():
            self.module.head.bias.sub_(torch.from_numpy(cuts).to(self.module.head.bias.device))
        return float(task_type.temperature(logits - cuts, truth))

    def reference(self) -> Reference:
        """Return the logits of the task type's made-up texts, in float32."""
        examples = self.bench.plan.task_type.EXAMPLE
        texts = [example["text"] for example in examples]
        rows = batches.tokenise(self.bench.tokenizer, texts, self.bench.plan.params.max_length)
        pad_id, device = self.bench.tokenizer.pad_token_id, next(self.module.parameters()).device
        logits = batches.compute(self.module.classify, rows, pad_id, len(self.labels), device=device)
        return Reference(examples, logits.tolist())


@dataclass(frozen=True)
class Row:
    """One text as token ids, and its class."""

    ids: list[int]
    code: Any

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class PooledPredictor:
    """Answers texts with labels, as sure as it was right on the validation rows."""

    module: PooledClassifier
    tokenizer: Any
    task_type: ModuleType
    page: folder.Page
    probe: probe.Probe
    base_folder: Path

    @property
    def labels(self) -> list[str]:
        """Return the labels in the order of the logits' columns."""
        names: list[str] = self.page.head["labels"]
        return names

    @property
    def temperature(self) -> float:
        """Return the temperature that was fitted on the validation rows."""
        return float(self.page.head["temperature"])

    def predict(self, texts: Sequence[str], contexts: Sequence[str] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """Return prediction and confidence of each text, in their order; labels are asked of texts alone."""
        return self.answers(self.logits(texts))

    def answers(self, logits: Floats, *, calibrated: bool = True) -> pd.DataFrame:
        """Return prediction and confidence for logits [texts, labels]; the temperature changes no prediction."""
        tempered = logits / np.float32(self.temperature) if calibrated else logits
        answer: pd.DataFrame = self.task_type.decode(tempered, self.labels)
        return answer

    def losses(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return the cross-entropy of each row [ROWS] whose label is known in nats, NaN for the others, and ones."""
        codes = self.task_type.encode(rows["label"], self.labels)
        found = self.task_type.losses(self.logits(rows["text"].tolist()) / self.temperature, codes)
        return found, np.ones(len(rows), dtype=np.float32)

    def reference(self, examples: Sequence[dict[str, str]]) -> Floats:
        """Return the logits of made-up rows."""
        return self.logits([example["text"] for example in examples])

    def logits(self, texts: Sequence[str]) -> Floats:
        """Return the logits [texts, labels] in float32."""
        return self._compute(self.module, self.module.classify, texts, len(self.labels))

    def probe_predict(self, texts: Sequence[str]) -> pd.DataFrame:
        """Return prediction and confidence of the probe."""
        return self.answers(self.probe.logits(self.vectors(texts)), calibrated=False)

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Return the vectors [texts, width] of the base as it was before tuning."""
        family = parts.find("retune.modeling.families", self.page.family)
        body, _ = family.load(self.base_folder)  # full tuning changed the one in memory
        frozen = PooledClassifier(body, family, width := self.probe.weight.shape[1], 1).eval().to(machine.device())
        return self._compute(frozen, frozen.embed, texts, width)

    def _compute(self, module: PooledClassifier, function: Any, texts: Sequence[str], width: int) -> Floats:
        rows = batches.tokenise(self.tokenizer, texts, self.page.max_length)
        device = next(module.parameters()).device
        return batches.compute(function, rows, self.tokenizer.pad_token_id, width, device=device)


def load(page: folder.Page, model: Path, base_folder: Path) -> PooledPredictor:
    """Return the predictor in a model folder over the base in `base_folder`, on the GPU where there is one."""
    family = parts.find("retune.modeling.families", page.family)
    body, tokenizer = family.load(base_folder, **LOAD)
    body = parts.find("retune.modeling.methods", page.method).load(body, model)
    head = linear.state(model / linear.HEAD)
    module = PooledClassifier(body, family, head["weight"].shape[1], len(page.head["labels"]))
    module.head.load_state_dict(head)
    task_type = parts.find("retune.modeling.task_types", page.task_type)
    fitted = linear.read_probe(model, page.head["probe_strength"])
    return PooledPredictor(module.eval().to(machine.device()), tokenizer, task_type, page, fitted, base_folder)


LEARNER = PooledLearner


def round_robin(codes: probe.Codes, seed: int) -> list[int]:
    """Return all positions so that every class comes once before any comes twice."""
    shuffled = np.random.default_rng(seed).permutation(len(codes))
    turn = pd.Series(codes[shuffled]).groupby(codes[shuffled]).cumcount().to_numpy()
    return [int(place) for place in shuffled[np.argsort(turn, kind="stable")]]


def classes_of(codes: probe.Codes) -> probe.Codes:
    """Return one class of each row: the rarest of its labels where it may have several, -1 where it has none."""
    if codes.ndim == 1:
        return codes
    rarity = codes / np.maximum(codes.sum(axis=0), 1)
    found: probe.Codes = np.where(codes.any(axis=1), rarity.argmax(axis=1), -1)
    return found


def _keep(place: Path, found: probe.Probe, floor: probe.Probe, parts_of_curve: list[curve.Part]) -> None:
    """Keep both probes, and those of the learning curve, for an attempt after a kill."""
    linear.keep(place, found)
    linear.keep(place / FLOOR, floor)
    checkpoints.seal(place / FLOOR)
    curve.write(place / curve.FILE, parts_of_curve)
    checkpoints.seal(place)
