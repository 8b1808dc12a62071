"""transformers' Trainer with our batches, evaluations, checkpoints and end: what is here is what it does otherwise."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file, save_file
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import Sampler
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from retune.core.errors import UserError
from retune.core.params.train import TrainParams
from retune.modeling import checkpoints
from retune.modeling.folder import writing
from retune.modeling.journal import Journal
from retune.modeling.learner import Item, Learner, Tensors

WEIGHTS, BEST = "weights.safetensors", "best.safetensors"
SHARE = "tuned_share"
POOLED_BATCHES = 50  # batches are cut from so many batches' worth of shuffled rows, sorted by length
LOGGED = {"loss": "train_loss", "grad_norm": "gradient_norm", "learning_rate": "learning_rate"}
Scores = dict[str, float]


class GroupedByLength(Sampler[int]):
    """Yields all positions in batches of like length; the order is a function of seed and epoch."""

    def __init__(self, items: Sequence[Item], batch_size: int, seed: int) -> None:
        self.lengths, self.batch_size, self.seed, self.epoch = [len(item) for item in items], batch_size, seed, 0

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        order = torch.randperm(len(self.lengths), generator=generator).tolist()
        size = self.batch_size * POOLED_BATCHES
        pools = [order[start : start + size] for start in range(0, len(order), size)]
        ordered = [place for pool in pools for place in sorted(pool, key=lambda place: -self.lengths[place])]
        whole = len(ordered) // self.batch_size * self.batch_size
        batches = [ordered[start : start + self.batch_size] for start in range(0, whole, self.batch_size)]
        for place in torch.randperm(len(batches), generator=generator).tolist():
            yield from batches[place]
        yield from ordered[whole:]  # the short batch comes last, or it would shift the others


class Tuner(Trainer):
    """Trains the parameters that require a gradient and keeps those that answered the validation rows best."""

    def __init__(
        self, learner: Learner, positions: Sequence[int], arguments: TrainingArguments, *, journal: Journal,
        seconds: float,
    ) -> None:  # fmt: skip
        plan = learner.bench.plan
        items = [learner.items[place] for place in positions]
        self.sampler = GroupedByLength(items, plan.params.batch_size, plan.params.seed)
        self.params, self.journal, self.say, self.seconds = plan.params, journal, learner.bench.say, seconds
        self.answer, self.interpolate = learner.scores, plan.method.interpolate
        self.shown = (*plan.task_type.METRICS[:2], "loss")  # on a line for a person; the history has them all
        self.best: Tensors = {}
        self.started = time.monotonic()
        super().__init__(model=learner.module, args=arguments, train_dataset=items, data_collator=learner.collate)
        self.start = self.copied()  # a resumed run starts from the same tensors before it loads its own
        self.remove_callback(PrinterCallback)
        self.add_callback(Rhythm(self))

    def _get_train_sampler(self, train_dataset: Any = None) -> GroupedByLength:  # noqa: ARG002
        return self.sampler

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> LambdaLR:
        """Make the learning rate rise, then fall to zero, by steps or by the time budget, whichever ends first."""
        warm = self.params.warmup_share

        def factor(step: int) -> float:
            progress = min(max((step + 0.5) / num_training_steps, self.time_share()), 1.0)
            return progress / warm if progress < warm else (1 - progress) / (1 - warm)

        self.lr_scheduler = LambdaLR(cast("Optimizer", optimizer or self.optimizer), factor)
        self._created_lr_scheduler = True
        return self.lr_scheduler

    def time_share(self) -> float:
        """Return how much of the time to tune has gone, 0 where there is no limit."""
        return (time.monotonic() - self.started) / self.seconds

    def evaluate(self, *_: Any, **__: Any) -> Scores:
        """Answer the validation rows, keep the weights if they are the best so far, and say when to stop."""
        self.control.should_evaluate = False  # or the end of the epoch would ask again
        scores, weights = self._best_between()
        self.log({f"validation_{name}": value for name, value in scores.items()})
        shown = (*self.shown, *[SHARE] * (len(self.params.tuned_shares) > 1))
        told = {name: value for name, value in scores.items() if name in shown}
        answers = ", ".join(f"{name} {value:.3f}" for name, value in told.items())
        self.say(f"step {self.state.global_step} of {self.state.max_steps}: validation {answers}")
        since_best = evaluations_since_best(self.state.log_history, self.params.select_by)
        if since_best == 0:
            self.best = weights
        if since_best >= self.params.patience:
            self.control.should_training_stop = True
            self.control.should_save = False  # a run resumed from here would go on
        return scores

    def _best_between(self) -> tuple[Scores, Tensors]:
        """Return the best scores between the start and the weights as they are, and the weights that gave them."""
        now = self.copied()
        shares = self.params.tuned_shares if self.state.global_step else (1.0,)
        found: list[tuple[Scores, Tensors]] = []
        for share in shares:
            weights = now if share == 1 else self.interpolate(self.start, now, share)
            self.restore(weights)
            found.append(({**self.answer(), SHARE: share}, weights))
        self.restore(now)
        lines = [{f"validation_{name}": value for name, value in scores.items()} for scores, _ in found]
        return found[len(found) - 1 - evaluations_since_best(lines, self.params.select_by)]

    def log(self, logs: Scores, start_time: float | None = None) -> None:
        """Write measurements to the journal; a loss that is no number stops the training."""
        super().log(logs, start_time)
        if not math.isfinite(logs.get("loss", 0.0)):
            todo = "Lower learning_rate, or set precision: float32, in params.yaml."
            raise UserError(
                expected="a finite loss", found=f"{logs['loss']} at step {self.state.global_step}", todo=todo
            )
        values = {
            LOGGED.get(name, name): value for name, value in logs.items() if name in LOGGED or "validation" in name
        }
        if values:
            self.journal.write("metrics", self.state.global_step, values)

    def trained(self) -> Tensors:
        """Return the tensors that learn, on the CPU."""
        named = cast("torch.nn.Module", self.model).named_parameters()
        return {name: tensor.detach().cpu().contiguous() for name, tensor in named if tensor.requires_grad}

    def copied(self) -> Tensors:
        """Return a copy of the tensors that learn, which go on changing."""
        return {name: tensor.clone() for name, tensor in self.trained().items()}

    def restore(self, tensors: Tensors) -> None:
        """Put tensors that `trained` returned back into the model."""
        if cast("torch.nn.Module", self.model).load_state_dict(tensors, strict=False).unexpected_keys:
            raise UserError(expected="tensors of this model", found="others", todo="Delete .retune/cache/train.")

    def restore_best(self) -> None:
        """Put the best weights back: early stopping ends after the best, not at it."""
        self.restore(self.best)

    def _save(self, output_dir: str | None = None, state_dict: Tensors | None = None) -> None:  # noqa: ARG002
        folder = Path(output_dir or str(self.args.output_dir))
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.trained(), folder / WEIGHTS)
        save_file(self.best, folder / BEST)

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        place = Path(str(self.args.output_dir)) / f"{checkpoints.PREFIX}{self.state.global_step}"
        with writing(place, RuntimeError):  # torch's name for a full disk
            super()._save_checkpoint(model, trial)
        checkpoints.seal(place)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:  # noqa: ARG002
        folder = Path(resume_from_checkpoint)
        self.restore(load_file(folder / WEIGHTS))
        self.best = load_file(folder / BEST)


class Rhythm(TrainerCallback):
    """Says when to evaluate, when to keep a checkpoint, and when the time is over."""

    def __init__(self, tuner: Tuner) -> None:
        self.tuner, self.saved = tuner, time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Evaluate what the tuning starts from: the probe is a candidate too."""
        if state.global_step == 0:
            self.tuner.evaluate()

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Give the epoch its own order of rows."""
        self.tuner.sampler.epoch = int(state.epoch or 0)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Set what is due after this step."""
        out_of_time = self.tuner.time_share() >= 1
        params = self.tuner.params
        every = math.ceil(state.max_steps / params.epochs / params.evaluations_per_epoch)
        control.should_evaluate = state.global_step % every == 0 or state.global_step == state.max_steps or out_of_time
        control.should_training_stop = control.should_training_stop or out_of_time
        control.should_save = time.monotonic() - self.saved >= params.checkpoint_seconds
        if control.should_save:
            self.saved = time.monotonic()


def evaluations_since_best(log: list[dict[str, Any]], select_by: str) -> int:
    """Return how many evaluations came after the best one; of equals, the lower loss, then the earlier is the best."""
    ranks = [_rank(line, select_by) for line in log if "validation_loss" in line]
    return len(ranks) - 1 - ranks.index(max(ranks)) if ranks else 0


def _rank(line: dict[str, Any], select_by: str) -> tuple[float, float]:
    """Return what is to be large."""
    loss = -float(line["validation_loss"])
    return (loss if select_by == "loss" else float(line[f"validation_{select_by}"]), loss)


def arguments(folder: Path, params: TrainParams, bfloat16: bool) -> TrainingArguments:
    """Return the arguments of transformers' Trainer for our settings."""
    return TrainingArguments(
        output_dir=str(folder), seed=params.seed, num_train_epochs=params.epochs, bf16=bfloat16,
        per_device_train_batch_size=params.batch_size, learning_rate=params.learning_rate,
        weight_decay=params.weight_decay, use_cpu=not torch.cuda.is_available(), disable_tqdm=True, report_to="none",
        logging_steps=1, logging_nan_inf_filter=False, save_strategy="no", eval_strategy="no",
        remove_unused_columns=False, log_level="error", dataloader_pin_memory=False,
    )  # fmt: skip
