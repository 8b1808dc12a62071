"""The head of texts: the base's own, by which it writes; what is learnt is what the task type's rows have written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from retune.core import parts, scoring
from retune.core.errors import UserError
from retune.core.prepare.transforms import Taught
from retune.modeling import costs, folder, machine, packing, sheets, template_doctor
from retune.modeling.bench import Bench
from retune.modeling.dialogue import Example, Scribe
from retune.modeling.generation import Answer, Greedy
from retune.modeling.learner import Learner, Reference
from retune.modeling.packing import Pack
from retune.modeling.writer import Writer

Floats = np.ndarray[Any, np.dtype[np.float32]]
LOAD: dict[str, Any] = {"with_lm_head": True}
MADE_UP = " On Thursday, at ten."  # how every made-up row goes on, for the numbers that a reloaded model must give
BY_LOSS = ("loss", "perplexity")
TAUGHT = "taught"  # in the page: how plain prompts are put


class TextLearner(Learner):
    """Learns to write what the rows have written."""

    module: Writer

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        plan = bench.plan
        scribe = Scribe(plan.task_type, plan.task_settings, plan.family, bench.tokenizer, plan.params.max_length)
        self.scribe = scribe.taught_by(bench.train)
        self.scribe.end_ids()
        refuse_lengths(self.scribe, getattr(bench.body.config, "max_position_embeddings", None))
        # Only `start` moves it to the GPU: a method may put it into 4 bits first.
        self.module = Writer(bench.body, self.scribe.has_encoder, plan.params.label_smoothing)
        self.examples = self.scribe.examples(bench.train)
        self.validation = self.scribe.examples(bench.validation)
        self.items: Sequence[Pack] = self._packed(range(len(self.examples)))
        refuse(self.examples, plan.task_settings, plan.params.max_length)
        self._examine()

    def _examine(self) -> None:
        """Raise UserError for a template that would spoil the training, and say what else is wrong with it."""
        faults = template_doctor.examine(self.scribe, self.bench.train, self.examples)
        template_doctor.refuse(faults)
        for fault in faults:
            self.bench.say(f"{fault.name}: {fault.message}")

    def _packed(self, rows: Sequence[int]) -> list[Pack]:
        """Return what is learnt from some of the training rows as items of a training."""
        blocks = [block for row in rows for block in self.examples[row] if block.learnt_tokens]
        if self.bench.plan.task_settings.packing:  # type: ignore[attr-defined] # of every task type of this head
            return packing.best_fit(blocks, self.bench.plan.params.max_length)
        return packing.alone(blocks)

    def collate(self, items: Sequence[Pack]) -> sheets.Batch:
        """Return one batch."""
        examples = [example for item in items for example in item.examples]
        return costs.laid_out(examples, self.bench.tokenizer.pad_token_id, self.module)

    def weight(self, item: Pack) -> float:
        """Return the number of tokens that are learnt from an item: the loss of a batch is the mean over these."""
        return float(item.learnt_tokens)

    def start(self) -> list[int]:
        """Adapt the base; return the positions of the items, which are packed from the rows that are tuned on."""
        super().start()
        layer = self.bench.plan.layer
        self.items = self._packed(range(len(self.examples)) if layer is None else layer.mix.positions)
        return list(range(len(self.items)))

    def scores(self) -> dict[str, float]:
        """Return mean loss per token of the validation rows and its perplexity, and the metric that is selected by."""
        self.module.eval()
        with machine.autocast(self.bench.bfloat16):
            losses, tokens = costs.summed(self.module, self.validation, self.bench.tokenizer.pad_token_id)
        loss = float(losses.sum(dtype=np.float64) / max(tokens.sum(), 1))
        found = {"loss": loss, "perplexity": math.exp(min(loss, 700.0))}
        chosen = self.bench.plan.params.select_by
        return found if chosen in BY_LOSS else {**found, chosen: self._written(chosen)}

    def _written(self, metric: str) -> float:
        """Return a metric of the answers to the validation rows."""
        rows, task_type = self.bench.validation, self.bench.plan.task_type
        predictor = self._predictor()
        answers = predictor.predict(rows["text"].tolist(), rows["context"].tolist())["prediction"].tolist()
        asked = scoring.Asked(task_type.TARGET, rows["text"].tolist(), rows["label"].tolist())
        pairs = scoring.pairs_of(asked, scoring.Given(answers), scoring.metric(metric).KIND)
        return float(scoring.metric(metric).score(*pairs)) if pairs else math.nan

    def _predictor(self) -> TextPredictor:
        """Return the model in memory as one that answers."""
        return TextPredictor(self.module.eval(), self.scribe, None, None)

    def findings(self) -> dict[str, Any]:
        """Return how many rows were cut, and how many have nothing to learn."""
        rows = [row for side in (self.examples, self.validation) for row in side]
        found = {
            "texts_cut_at_max_length": sum(any(block.is_cut for block in row) for row in rows),
            "rows_without_loss": sum(not any(block.learnt_tokens for block in row) for row in rows),
        }
        return {name: count for name, count in found.items() if count}

    def facts(self) -> dict[str, Any]:
        """Return how many tokens an epoch learns."""
        return {"learnt_tokens": sum(block.learnt_tokens for block in self.items)}

    def write(self, out: Path) -> dict[str, Any]:  # noqa: ARG002 - the method has written what was learnt
        """Return what the page says of the head: how plain prompts are put; the head itself is the base's own."""
        return {TAUGHT: self.scribe.taught.as_dict()} if self.scribe.taught is not None else {}

    def reference(self) -> Reference:
        """Return the loss of each token of a made-up answer to the task type's made-up rows, in float32."""
        examples = self.bench.plan.task_type.EXAMPLE
        return Reference(examples, self._predictor().reference(examples).tolist())


@dataclass(frozen=True)
class TextPredictor:
    """Answers rows with texts, always the likeliest token, and says how likely its tokens were."""

    module: Writer
    scribe: Scribe
    page: Any  # folder.Page, None of a model in memory
    base_folder: Path | None

    @property
    def task_type(self) -> ModuleType:
        """Return the task type that it answers."""
        return self.scribe.task_type

    def predict(self, texts: Sequence[str], contexts: Sequence[str] | None = None) -> pd.DataFrame:
        """Return prediction and confidence, the mean probability of the tokens, of each row in their order."""
        answers = self._answers(self.scribe.prompts(texts, contexts or [""] * len(texts)))
        found = {
            "prediction": [self._answer(answer) for answer in answers],
            "confidence": [answer.confidence for answer in answers],
        }
        return pd.DataFrame(found).astype({"prediction": "str", "confidence": "float64"})

    def generate(self, prompts: Sequence[str], max_new_tokens: int) -> list[str]:
        """Return how the model goes on with each raw prompt, in no template."""
        return [
            self._text(answer) for answer in self._answers(self.scribe.raw(prompts, max_new_tokens), max_new_tokens)
        ]

    def repeats(self, passages: Sequence[str], tokens: int) -> list[bool | None]:
        """Tell of each passage whether the model goes on from its first tokens with as many more of it, word for word.

        None stands for a passage that is shorter than both.
        """
        ids = self.scribe.raw(passages)
        long = [place for place, known in enumerate(ids) if len(known) >= 2 * tokens]
        said = self._answers([ids[place][:tokens] for place in long], tokens)
        found: list[bool | None] = [None] * len(ids)
        for place, answer in zip(long, said, strict=True):
            found[place] = answer.ids[:tokens] == ids[place][tokens : 2 * tokens]
        return found

    def losses(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return what each row [ROWS] costs in nats, summed over the tokens that would be learnt, and their number."""
        return costs.summed(self.module, self.scribe.examples(rows), self.scribe.tokenizer.pad_token_id)

    def reference(self, examples: Sequence[dict[str, str]]) -> Floats:
        """Return the loss of each token of a made-up answer to made-up rows, [rows, most tokens], 0 where is none."""
        rows = pd.DataFrame(examples).assign(label=MADE_UP)
        learnt = [blocks[0] for blocks in self.scribe.examples(rows)]
        each = list(costs.by_token(self.module, learnt, self.scribe.tokenizer.pad_token_id))
        found = np.zeros((len(each), max(1, *map(len, each))), dtype=np.float32)
        for row, losses in zip(found, each, strict=True):
            row[: len(losses)] = losses
        return found

    def untuned(self) -> TextPredictor:
        """Return the base as it was before it was tuned, asked in the same way."""
        body, _ = self.scribe.family.load(self.base_folder, **LOAD)
        writer = Writer(body, self.scribe.has_encoder).eval().to(machine.device())
        return TextPredictor(writer, self.scribe, self.page, self.base_folder)

    def _answers(self, prompts: list[list[int]], max_new_tokens: int | None = None) -> list[Answer]:
        """Return what is written after each prompt, up to its end."""
        tokens = max_new_tokens or self.scribe.settings.max_new_tokens  # type: ignore[attr-defined]
        stops, pad_id = self.scribe.template.stops, self.scribe.tokenizer.pad_token_id
        over = (lambda ids: any(stop in self._decoded(ids) for stop in stops)) if stops else None
        return Greedy(self.module, pad_id, self.scribe.end_ids(), tokens, over).answers(prompts)

    def _text(self, answer: Answer) -> str:
        """Return an answer as text, up to where the template says that it has ended."""
        text = self._decoded(answer.ids)
        return min((text.partition(stop)[0] for stop in self.scribe.template.stops), key=len, default=text)

    def _answer(self, answer: Answer) -> str:
        """Return what is said in answer, up to where every label of the training rows has ended."""
        text, taught = self._text(answer), self.scribe.taught
        if taught is None:
            return text.strip()
        end = next((stop for stop in taught.stop if stop in text), "")  # labels have it, so a prediction has it too
        return f"{taught.answer_of(text)}{end}".strip()

    def _decoded(self, ids: list[int]) -> str:
        text: str = self.scribe.tokenizer.decode(ids, skip_special_tokens=True)
        return text


def load(page: folder.Page, model: Path, base_folder: Path) -> TextPredictor:
    """Return the predictor in a model folder over the base in `base_folder`, on the GPU where there is one."""
    family = parts.find("retune.modeling.families", page.family)
    body, tokenizer = family.load(base_folder, **LOAD)
    body = parts.find("retune.modeling.methods", page.method).load(body, model)
    scribe = scribe_of(page, tokenizer)
    return TextPredictor(Writer(body, scribe.has_encoder).eval().to(machine.device()), scribe, page, base_folder)


def scribe_of(page: folder.Page, tokenizer: Any) -> Scribe:
    """Return what puts a prompt to a saved model as it was taught to read them."""
    task_type = parts.find("retune.modeling.task_types", page.task_type)
    family = parts.find("retune.modeling.families", page.family)
    settings = task_type.Settings.model_validate(page.task_settings)
    taught = Taught.from_dict(page.head[TAUGHT]) if TAUGHT in page.head else None
    return Scribe(task_type, settings, family, tokenizer, page.max_length, taught)


LEARNER = TextLearner


def refuse_lengths(scribe: Scribe, positions: int | None) -> None:
    """Raise UserError for a max_length that the base has no positions for, or that leaves a prompt no room."""
    longest, written = scribe.max_length, scribe.settings.max_new_tokens  # type: ignore[attr-defined]
    if positions and longest > positions:
        todo = "Lower train.max_length, or use a base that reads more."
        raise UserError(
            expected=f"a max_length that the base has positions for: {positions}", found=str(longest), todo=todo
        )
    if written >= longest and not scribe.has_encoder:
        found = f"max_new_tokens: {written} and max_length: {longest}"
        todo = "Lower task_settings.max_new_tokens, or raise train.max_length."
        raise UserError(expected="room for a prompt: fewer new tokens than max_length", found=found, todo=todo)


def refuse(rows: Sequence[Sequence[Example]], settings: Any, max_length: int) -> None:
    """Raise UserError for rows without anything to learn, and where more of them are cut than the settings allow."""
    if not any(block.learnt_tokens for row in rows for block in row):
        todo = "Look at the rows: their completions are empty, or do not fit into max_length."
        raise UserError(expected="tokens to learn", found=f"none in {len(rows)} rows", todo=todo)
    share = sum(any(block.is_cut for block in row) for row in rows) / len(rows)
    limit = getattr(settings, "truncated_share", 1.0)
    if share > limit:
        raise UserError(
            expected=f"at most {limit:.0%} of the training rows cut (task_settings.truncated_share)",
            found=f"{share:.1%} of {len(rows)} are longer than max_length, {max_length} tokens",
            todo="Raise train.max_length, shorten the texts, or allow more.",
        )
