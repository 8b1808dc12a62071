"""The head of answers: of each token of a passage how likely an answer begins and ends there.

Its task types give `span_of`, the characters of the answer that is learnt, and `decode`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import torch

from retune.core import parts
from retune.core.certainty import Curve
from retune.modeling import folder, linear, machine, passages, spans, windows
from retune.modeling.bench import Bench
from retune.modeling.learner import Reference, Tensors
from retune.modeling.passages import Item, Passages
from retune.modeling.reader import NOWHERE, PassageReader
from retune.modeling.spans import Found
from retune.modeling.validation import values
from retune.modeling.windowed import WindowLearner, as_sure_as_right
from retune.modeling.words import Span

Floats = windows.Floats
LOAD: dict[str, Any] = {}  # a base without the head that writes text


class SpanLearner(WindowLearner):
    """Learns where answers stand, from a head that knows nothing, or from the parent's."""

    module: PassageReader  # type: ignore[assignment] # it is a Module by its `body`
    settings: Any  # of the task type

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        plan = bench.plan
        self.settings = plan.task_settings
        width = int(bench.body.config.hidden_size)  # type: ignore[union-attr, arg-type]
        self.module = PassageReader(bench.body, width, plan.params.label_smoothing).to(machine.device())
        self.passages = Passages(bench.tokenizer, plan.params.max_length, self.settings.overlap_tokens)
        self.items, self.validation_items = (self._read(rows) for rows in (bench.train, bench.validation))

    def _read(self, rows: pd.DataFrame) -> list[Item]:
        """Return the windows of rows [ROWS] with the answers that are learnt."""
        return read(self.passages, self.bench.plan.task_type, rows)

    def collate(self, items: Sequence[Item]) -> Tensors:
        """Return one batch."""
        return self.passages.collate(items)

    def answer(self, items: Sequence[Item]) -> list[Floats]:
        """Return the log-probabilities [tokens, 2] of each item."""
        return self.compute(self.module.locate, items, [len(item) for item in items])

    def start(self) -> list[int]:
        """Adapt the body, and take the parent's head where there is one."""
        positions = super().start()
        layer = self.bench.plan.layer
        if layer is not None:
            self.module.head.load_state_dict(linear.state(layer.model / linear.HEAD))
        return positions

    def scores(self) -> dict[str, float]:
        """Return the task type's metrics, with the threshold that fits them, and the mean loss of begin and end."""
        items, rows = self.validation_items, self.bench.validation
        located = self.answer(items)
        found = self._found(located)
        answers = self._decoded(found, self._threshold(found))
        lost, tokens = cost(located, items, len(rows))
        return {**self.metrics(list(answers["prediction"])), "loss": float(lost.sum() / tokens.sum())}

    def _found(self, located: Sequence[Floats]) -> list[Found]:
        """Return the best answer to each validation row."""
        rows = len(self.bench.validation)
        return best(located, self.validation_items, rows, self.settings.max_answer_tokens)

    def _decoded(self, found: Sequence[Found], threshold: float) -> pd.DataFrame:
        """Return the answers to the validation rows."""
        contexts = list(self.bench.validation["context"])
        return decoded(self.bench.plan.task_type, found, self.validation_items, contexts, threshold)

    def _threshold(self, found: Sequence[Found]) -> float:
        """Return the odds below which the validation rows are best answered with none."""
        rows, task_type = self.bench.validation, self.bench.plan.task_type
        contexts, nothing = list(rows["context"]), [None] * len(rows)
        given = [
            list(task_type.decode(contexts, spans_given, [0.0] * len(rows))["prediction"])
            for spans_given in (chosen(found, self.validation_items, contexts, -np.inf), nothing)
        ]
        gained, none = (np.array(values(task_type, rows, predictions)) for predictions in given)
        return spans.threshold(np.array([one.odds for one in found]), gained, none)

    def findings(self) -> dict[str, Any]:
        """Return how many answers are too long to be learnt or given, how many questions are cut, and unseen kinds."""
        rows = pd.concat([self.bench.train, self.bench.validation])
        counted = {
            "answers_in_no_window": self._unlearnt(self.bench.train, self.items)
            + self._unlearnt(self.bench.validation, self.validation_items),
            "answers_over_max_answer_tokens": sum(
                item.end - item.begin >= self.settings.max_answer_tokens
                for item in [*self.items, *self.validation_items]
            ),
            "questions_cut": sum(self.passages.cut(question) != question for question in rows["text"]),
        }
        found: dict[str, Any] = {name: count for name, count in counted.items() if count}
        span_of = self.bench.plan.task_type.span_of
        if all(span_of(label) for label in self.bench.train["label"]) and not all(map(span_of, rows["label"])):
            found["labels_unseen_in_training"] = "no answer"
        for name, count in found.items():
            self.bench.say(f"{name.replace('_', ' ')}: {count}")
        return found

    def _unlearnt(self, rows: pd.DataFrame, items: Sequence[Item]) -> int:
        """Return how many answers stand whole in none of their windows."""
        held = {item.window.row for item in items if item.begin != NOWHERE}
        answered = {row for row, label in enumerate(rows["label"]) if self.bench.plan.task_type.span_of(label)}
        return len(answered - held)

    def facts(self) -> dict[str, Any]:
        """Return the number of windows."""
        return {"windows": len(self.items)}

    def write(self, out: Path) -> dict[str, Any]:
        """Write the head; return how sure answers are, and the odds below which there is none, if any."""
        linear.write_head(out, self.module.head)
        if self.is_late():
            return {"threshold": None, "certainty": [*Curve()]}
        found = self._found(self.answer(self.validation_items))
        threshold = self._threshold(found)
        curve = self.certainty(self._decoded(found, threshold))
        return {"threshold": threshold if np.isfinite(threshold) else None, "certainty": curve}

    def reference(self) -> Reference:
        """Return the log-probabilities of the task type's made-up rows, in float32."""
        examples = self.bench.plan.task_type.EXAMPLE
        return Reference(examples, numbers(self.module, self.passages, examples).tolist())


@dataclass(frozen=True)
class SpanPredictor:
    """Answers questions with pieces of their passages."""

    module: PassageReader
    passages: Passages
    task_type: ModuleType
    page: folder.Page
    base_folder: Path

    def predict(self, texts: Sequence[str], contexts: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the answer to each question from its passage, as sure as it was right on the validation rows."""
        passages_given = list(contexts) if contexts is not None else [""] * len(texts)
        items = self.passages.read(texts, passages_given)
        longest = self.page.task_settings["max_answer_tokens"]
        found = best(located(self.module, self.passages, items), items, len(texts), longest)
        threshold = self.page.head["threshold"]
        least = -np.inf if threshold is None else threshold
        answers = decoded(self.task_type, found, items, passages_given, least)
        return as_sure_as_right(answers, self.page.head["certainty"])

    def losses(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return what begin and end of each row's answer [ROWS] cost in its windows, in nats, and how many they are."""
        items = read(self.passages, self.task_type, rows)
        return cost(located(self.module, self.passages, items), items, len(rows))

    def reference(self, examples: Sequence[dict[str, str]]) -> Floats:
        """Return the log-probabilities of made-up rows."""
        return numbers(self.module, self.passages, examples)

    def untuned(self) -> SpanPredictor:
        """Return the base before it was tuned under a head to which all pieces of a passage are alike."""
        family = parts.find("retune.modeling.families", self.page.family)
        body, _ = family.load(self.base_folder)
        width = self.module.head.in_features
        module = reader_of(body, {"weight": torch.zeros(2, width), "bias": torch.zeros(2)})
        return replace(self, module=module)


LEARNER = SpanLearner


def load(page: folder.Page, model: Path, base_folder: Path) -> SpanPredictor:
    """Return the predictor in a model folder over the base in `base_folder`, on the GPU where there is one."""
    family = parts.find("retune.modeling.families", page.family)
    body, tokenizer = family.load(base_folder, **LOAD)
    body = parts.find("retune.modeling.methods", page.method).load(body, model)
    module = reader_of(body, linear.state(model / linear.HEAD))
    read_by = Passages(tokenizer, page.max_length, page.task_settings["overlap_tokens"])
    task_type = parts.find("retune.modeling.task_types", page.task_type)
    return SpanPredictor(module, read_by, task_type, page, base_folder)


def reader_of(body: torch.nn.Module, head: Tensors) -> PassageReader:
    """Return a body under a head, ready to answer."""
    module = PassageReader(body, head["weight"].shape[1])
    module.head.load_state_dict(head)
    return module.eval().to(machine.device())


def read(by: Passages, task_type: ModuleType, rows: pd.DataFrame) -> list[Item]:
    """Return the windows of rows [ROWS] with the answers that are learnt."""
    items = by.read(list(rows["text"]), list(rows["context"]))
    return passages.learnt(items, [task_type.span_of(label) for label in rows["label"]])


def located(module: PassageReader, by: Passages, items: Sequence[Item]) -> list[Floats]:
    """Return the log-probabilities [tokens, 2] of each window, in float32."""
    device = next(module.parameters()).device
    return windows.compute(module.locate, items, by.collate, [len(item) for item in items], device)


def best(located: Sequence[Floats], items: Sequence[Item], rows: int, longest: int) -> list[Found]:
    """Return the best answer of each row over its windows."""
    scored = [on_edges(found[item.places], item.edges) for found, item in zip(located, items, strict=True)]
    answers = []
    for places in windows.by_row([item.window for item in items], rows):
        found = spans.best([scored[place] for place in places], longest)
        answers.append(replace(found, window=places[found.window]))
    return answers


def on_edges(scored: Floats, edges: passages.Edges) -> Floats:
    """Return log-probabilities [1 + passage tokens, 2] with -inf where no word begins or ends."""
    kept: Floats = np.where(np.concatenate([np.ones((1, 2), dtype=bool), edges]), scored, np.float32(-np.inf))
    return kept


def chosen(
    found: Sequence[Found], items: Sequence[Item], contexts: Sequence[str], threshold: float
) -> list[Span | None]:
    """Return the characters of each row's answer, None where its odds are below the threshold."""
    spans_given: list[Span | None] = []
    for one, context in zip(found, contexts, strict=True):
        is_none = one.odds == -np.inf or one.odds < threshold
        span = (0, 0) if is_none else items[one.window].characters(context, one.begin, one.end)
        spans_given.append(span if span[0] < span[1] else None)
    return spans_given


def decoded(
    task_type: ModuleType, found: Sequence[Found], items: Sequence[Item], contexts: Sequence[str], threshold: float
) -> pd.DataFrame:
    """Return the answers to all rows, and their share of all possible answers, none among them."""
    given = chosen(found, items, contexts, threshold)
    shares = [one.no_answer if span is None else one.share for one, span in zip(found, given, strict=True)]
    answers: pd.DataFrame = task_type.decode(contexts, given, shares)
    return answers


def cost(located: Sequence[Floats], items: Sequence[Item], rows: int) -> tuple[Floats, Floats]:
    """Return what begin and end cost in all windows of each row, summed, and how many they are."""
    lost = [-float(found[item.begin, 0] + found[item.end, 1]) for found, item in zip(located, items, strict=True)]
    of = windows.by_row([item.window for item in items], rows)
    summed = [sum(lost[place] for place in places) for places in of]
    return np.array(summed, dtype=np.float32), np.array([2 * len(places) for places in of], dtype=np.float32)


def numbers(module: PassageReader, by: Passages, examples: Sequence[dict[str, str]]) -> Floats:
    """Return the log-probabilities of made-up rows, each in one row of numbers, behind its own end zeros."""
    items = by.read([example["text"] for example in examples], [example["context"] for example in examples])
    scored = [found[item.places].ravel() for found, item in zip(located(module, by, items), items, strict=True)]
    of = windows.by_row([item.window for item in items], len(examples))
    return windows.flat([np.concatenate([scored[place] for place in places]) for places in of])
