"""The head of words: one linear layer on the vector of each word, which starts from a probe.

Its task types give `labels_of`, the tags of training rows, `encode`, the tags of a row's words, `off_edges`, how many
of its entities are not whole words, and `decode`.
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
from retune.core.calibration import losses
from retune.core.certainty import Curve
from retune.core.errors import UserError
from retune.modeling import checkpoints, folder, linear, machine, probe, windows
from retune.modeling.bench import Bench
from retune.modeling.learner import Reference, Tensors
from retune.modeling.tagger import WordTagger
from retune.modeling.tagging import Item, Reader, Reading, sample
from retune.modeling.windowed import WindowLearner, as_sure_as_right
from retune.modeling.words import Span

Floats = probe.Floats
LOAD: dict[str, Any] = {}  # a base without the head that writes text


class TokenLearner(WindowLearner):
    """Learns the tags of words: first the probe on the frozen base, then from its weights."""

    HAS_PROBE = True
    module: WordTagger  # type: ignore[assignment] # it is a Module by its `body`
    settings: Any  # of the task type

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        plan = bench.plan
        self.settings = plan.task_settings
        self.tags: list[str] = plan.task_type.labels_of(bench.train)
        if len(self.tags) < 2:
            found = f"one tag, {self.tags[0]}, in {len(bench.train)} rows"
            todo = "Look at the reports of the steps examples and split."
            raise UserError(expected="rows in which something is named", found=found, todo=todo)
        width = int(bench.body.config.hidden_size)  # type: ignore[union-attr, arg-type]
        self.module = WordTagger(bench.body, width, len(self.tags), plan.params.label_smoothing).to(machine.device())
        self.reader = Reader(
            bench.tokenizer, plan.params.max_length, self.settings.overlap_tokens, self.settings.pieces
        )
        self.train, self.validation = (self._read(rows) for rows in (bench.train, bench.validation))
        self.items = [item for item in self.train.items if (item.codes >= 0).any()]
        self.validation_items = self.validation.items
        self.probe: probe.Probe | None = None

    def _read(self, rows: pd.DataFrame) -> Reading:
        """Return rows [ROWS] as items with the tags of their words."""
        read = self.reader.read(list(rows["text"]))
        task_type, items = self.bench.plan.task_type, []
        places = windows.by_row([item.window for item in read.items], len(rows))
        for label, spans, of in zip(rows["label"], read.words, places, strict=True):
            codes, done = task_type.encode(label, spans, self.tags), 0
            for item in (read.items[place] for place in of):
                items.append(replace(item, codes=codes[done : done + len(item.pieces)]))
                done += len(item.pieces)
        return Reading(items, read.words)

    def collate(self, items: Sequence[Item]) -> Tensors:
        """Return one batch."""
        return self.reader.collate(items)

    def weight(self, item: Item) -> float:
        """Return the words of an item whose tag is known."""
        return float((item.codes >= 0).sum())

    def answer(self, items: Sequence[Item]) -> list[Floats]:
        """Return the logits [words, tags] of each item."""
        return self.compute(self.module.classify, items, [len(item.pieces) for item in items])

    def warm_up(self, place: Path) -> None:
        """Fit the probe on a sample of words, or take it from an earlier attempt."""
        super().warm_up(place)
        if not self.settings.probe_words:
            return
        self.probe = linear.kept(place)
        if self.probe is None:
            self.probe = self._fitted()
            linear.keep(place, self.probe)
            checkpoints.seal(place)

    def _fitted(self) -> probe.Probe:
        """Return a probe on the vectors that the module gives now to a sample of words."""
        params, words = self.bench.plan.params, self.settings.probe_words
        strengths = params.probe_strengths
        if self.bench.deadline:  # one strength needs no choice
            strengths = strengths[len(strengths) // 2 :][:1]
        learnt = sample(self.items, words, params.seed)
        asked = sample(self.validation_items, words, params.seed) if len(strengths) > 1 else []
        self.bench.say(f"embedding {sum(len(item.pieces) for item in [*learnt, *asked])} words")
        vectors, codes = self._embedded(learnt)
        known = codes >= 0
        return probe.fit(vectors[known], codes[known], *self._embedded(asked), len(self.tags), strengths)

    def _embedded(self, items: Sequence[Item]) -> tuple[Floats, probe.Codes]:
        """Return the vectors [words, width] and tags of the words of some items."""
        found = self.compute(self.module.embed, items, [len(item.pieces) for item in items])
        width = self.module.head.in_features
        return (
            np.concatenate([np.zeros((0, width), dtype=np.float32), *found]),
            np.concatenate([np.zeros(0, dtype=np.int64), *(item.codes for item in items)]),
        )

    def start(self) -> list[int]:
        """Put the probe into the head, or the parent's head where it knows all tags, and adapt the body."""
        if self.probe is not None:
            self.module.head.load_state_dict(learnable(self.probe).state())
        positions = super().start()
        layer = self.bench.plan.layer
        if layer is not None:
            theirs = linear.head_of(layer.model, "tags", self.tags)
            self.module.head.load_state_dict(theirs or learnable(self._fitted()).state())
        return positions

    def scores(self) -> dict[str, float]:
        """Return the task type's metrics, and the mean loss over the words whose tag is known."""
        logits = self._logits()
        found = self._decoded(logits)
        lost, words = cost(logits, self.validation.codes())
        return {**self.metrics(list(found["prediction"])), "loss": float(lost.sum() / max(words.sum(), 1))}

    def _logits(self) -> list[Floats]:
        """Return the logits [words, tags] of the validation rows."""
        return self.validation.by_row(self.answer(self.validation_items))

    def _decoded(self, logits: Sequence[Floats]) -> pd.DataFrame:
        found: pd.DataFrame = self.bench.plan.task_type.decode(logits, self.validation.words, self.tags)
        return found

    def findings(self) -> dict[str, Any]:
        """Return the types that only validation has, and how many entities begin or end inside of a word."""
        found: dict[str, Any] = {}
        unseen = sorted(set(self.bench.plan.task_type.labels_of(self.bench.validation)) - set(self.tags))
        names = ", ".join(sorted({tag[2:] for tag in unseen}))
        if names:
            found["labels_unseen_in_training"] = names
            self.bench.say(f"types of the validation split that are not in training: {names}")
        rows = zip([*self.bench.train["label"], *self.bench.validation["label"]], self._words(), strict=True)
        cut = sum(self.bench.plan.task_type.off_edges(label, spans) for label, spans in rows)
        if cut:
            found["entities_inside_words"] = cut
            self.bench.say(f"{cut} entities begin or end inside of a word: answers keep to the edges of words")
        return found

    def _words(self) -> list[list[Span]]:
        return [*self.train.words, *self.validation.words]

    def facts(self) -> dict[str, Any]:
        """Return the number of tags, of windows, and the strength of the probe where there is one."""
        found = {"tags": len(self.tags), "windows": len(self.items)}
        return found if self.probe is None else {**found, "probe_strength": self.probe.strength}

    def write(self, out: Path) -> dict[str, Any]:
        """Write head and probe; return tags, the probe's strength, and how sure answers are."""
        linear.write_head(out, self.module.head)
        curve = [*Curve()] if self.is_late() else self.certainty(self._decoded(self._logits()))
        page = {"tags": self.tags, "certainty": curve}
        if self.probe is None:
            return page
        folder.write_linear(out / linear.PROBE, self.probe.weight, self.probe.bias)
        return {**page, "probe_strength": self.probe.strength}

    def reference(self) -> Reference:
        """Return the logits of the words of the task type's made-up texts, in float32."""
        examples = self.bench.plan.task_type.EXAMPLE
        read = self.reader.read([example["text"] for example in examples])
        return Reference(examples, windows.flat(logits_of(self.module, self.reader, read)).tolist())


@dataclass(frozen=True)
class TokenPredictor:
    """Answers texts with what they name, as sure as it was right on the validation rows."""

    module: WordTagger
    reader: Reader
    task_type: ModuleType
    page: folder.Page
    base_folder: Path
    probe: probe.Probe | None

    @property
    def tags(self) -> list[str]:
        """Return the tags in the order of the logits' columns."""
        names: list[str] = self.page.head["tags"]
        return names

    def predict(self, texts: Sequence[str], contexts: Sequence[str] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """Return prediction and confidence of each text, in their order; entities are asked of texts alone."""
        read = self.reader.read(texts)
        found: pd.DataFrame = self.task_type.decode(logits_of(self.module, self.reader, read), read.words, self.tags)
        return as_sure_as_right(found, self.page.head["certainty"])

    def losses(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return what the tags of each row [ROWS] cost in nats, NaN where none is known, and of how many words."""
        read = self.reader.read(list(rows["text"]))
        known = zip(rows["label"], read.words, strict=True)
        codes = [self.task_type.encode(label, spans, self.tags) for label, spans in known]
        lost, words = cost(logits_of(self.module, self.reader, read), codes)
        return np.where(words > 0, lost, np.nan).astype(np.float32), words

    def reference(self, examples: Sequence[dict[str, str]]) -> Floats:
        """Return the logits of the words of made-up rows."""
        read = self.reader.read([example["text"] for example in examples])
        return windows.flat(logits_of(self.module, self.reader, read))

    def probe_predict(self, texts: Sequence[str]) -> pd.DataFrame:
        """Return prediction and confidence of the probe, on the base as it was before tuning."""
        if self.probe is None:
            todo = "Give train.task_settings.probe_words a number, or leave the floor `probe` out."
            raise UserError(expected="a model with a probe", found="none", todo=todo)
        return self.untuned().predict(texts)

    def untuned(self) -> TokenPredictor:
        """Return the base before it was tuned under the probe; without one all tags are alike to it."""
        family = parts.find("retune.modeling.families", self.page.family)
        body, _ = family.load(self.base_folder)  # full tuning changed the one in memory
        width = self.module.head.in_features
        blank = {"weight": torch.zeros(len(self.tags), width), "bias": torch.zeros(len(self.tags))}
        head = blank if self.probe is None else learnable(self.probe).state()
        page = replace(self.page, head={**self.page.head, "certainty": [*Curve()]})
        return replace(self, module=tagger(body, head), page=page)


LEARNER = TokenLearner


def load(page: folder.Page, model: Path, base_folder: Path) -> TokenPredictor:
    """Return the predictor in a model folder over the base in `base_folder`, on the GPU where there is one."""
    family = parts.find("retune.modeling.families", page.family)
    body, tokenizer = family.load(base_folder, **LOAD)
    body = parts.find("retune.modeling.methods", page.method).load(body, model)
    module = tagger(body, linear.state(model / linear.HEAD))
    reader = Reader(tokenizer, page.max_length, page.task_settings["overlap_tokens"], page.task_settings["pieces"])
    strength = page.head.get("probe_strength")
    fitted = None if strength is None else linear.read_probe(model, strength)
    task_type = parts.find("retune.modeling.task_types", page.task_type)
    return TokenPredictor(module, reader, task_type, page, base_folder, fitted)


def tagger(body: torch.nn.Module, head: Tensors) -> WordTagger:
    """Return a body under a head, ready to answer."""
    tags, width = head["weight"].shape
    module = WordTagger(body, width, tags)
    module.head.load_state_dict(head)
    return module.eval().to(machine.device())


def logits_of(module: WordTagger, reader: Reader, read: Reading) -> list[Floats]:
    """Return the logits [words, tags] of each text, in float32."""
    lengths = [len(item.pieces) for item in read.items]
    device = next(module.parameters()).device
    return read.by_row(windows.compute(module.classify, read.items, reader.collate, lengths, device))


def cost(logits: Sequence[Floats], codes: Sequence[probe.Codes]) -> tuple[Floats, Floats]:
    """Return the cross-entropy of the words of each text whose tag is known, summed, and how many they are."""
    known = [of >= 0 for of in codes]
    rows = zip(logits, codes, known, strict=True)
    lost = [losses(found[places], of[places]).sum() for found, of, places in rows]
    return np.array(lost, dtype=np.float32), np.array([places.sum() for places in known], dtype=np.float32)


def learnable(found: probe.Probe) -> probe.Probe:
    """Return a probe in which a tag that its sample had not is as seldom as the most seldom one, and can be learnt."""
    never = found.bias <= probe.NEVER
    return replace(found, bias=np.where(never, found.bias[~never].min(), found.bias))
