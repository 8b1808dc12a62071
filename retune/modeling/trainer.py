"""transformers' Trainer with our steps, evaluations, checkpoints and end: what is here is what it does otherwise."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file, save_file
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer, TrainingArguments

from retune.core.errors import UserError
from retune.core.params.train import TrainParams
from retune.modeling import checkpoints, distributed, health, machine, memory, steps
from retune.modeling.folder import writing
from retune.modeling.journal import Journal
from retune.modeling.learner import Learner, Tensors
from retune.modeling.rhythm import Rhythm

WEIGHTS, BEST, PARTS = "weights.safetensors", "best.safetensors", "parts.json"
SHARE = "tuned_share"
MINUTE = 60.0  # in seconds; what takes less is not foretold
LOGGED = {"loss": "train_loss", "grad_norm": "gradient_norm", "learning_rate": "learning_rate"}
NOT_FINITE = {"loss": "a finite loss", "grad_norm": "finite gradients"}
Scores = dict[str, float]


class Tuner(Trainer):
    """Trains the parameters that require a gradient and keeps those that answered the validation rows best."""

    def __init__(
        self, learner: Learner, positions: Sequence[int], arguments: TrainingArguments, *, journal: Journal,
        seconds: float,
    ) -> None:  # fmt: skip
        plan = learner.bench.plan
        items = [learner.items[place] for place in positions]
        self.learner, self.steps = learner, steps.Steps(lambda epoch: learner.batches(items, epoch))
        self.params, self.journal, self.say, self.seconds = plan.params, journal, learner.bench.say, seconds
        self.parts = memory.parts_at_first(Path(str(arguments.output_dir)), plan.params.gradient_accumulation)
        self.interpolate = plan.method.interpolate
        self.shown = (*plan.task_type.METRICS[:2], "loss")  # on a line for a person; the history has them all
        self.best: Tensors = {}
        self.expected = 0.0  # seconds, 0 where nothing was foretold
        self.divergence = health.Divergence()
        self.started = time.monotonic()
        if plan.params.gradient_checkpointing:
            memory.checkpoint_gradients(learner.module.body)
        super().__init__(model=learner.module, args=arguments, train_dataset=cast("Any", items))
        self.start = self.copied()  # a resumed run starts from the same tensors before it loads its own
        self.remove_callback(PrinterCallback)
        self.add_callback(Rhythm(self))

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Return the rows of each step, whole: a process takes its share, and as many at once as fit, in the step."""
        return DataLoader(cast("Any", self.train_dataset), batch_sampler=self.steps, collate_fn=list)

    def begin(self) -> None:
        """Look back at the losses of a resumed run, and compute the longest step, so that memory ends now or never.

        It is computed twice: the second time tells how long all steps will take. A time limit has no time for it.
        """
        for line in self.state.log_history:
            if "loss" in line:
                self.divergence.sees(line["loss"])
        if math.isfinite(self.seconds):
            return
        items, state = cast("Any", self.train_dataset), machine.random_state()
        sizes = {tuple(step): len(step) * max(len(items[place]) for place in step) for step in self.steps}
        longest = [items[place] for place in max(sizes, key=lambda step: sizes[step])]
        times = [time.monotonic()]
        for _ in range(2):
            self.training_step(self.model_wrapped, longest).item()
            times.append(time.monotonic())
        steps_worth = sum(sizes.values()) / max(sizes.values()) * self.params.epochs
        self.expected = times[1] - times[0] + (times[2] - times[1]) * (1 + steps_worth)
        self.model_wrapped.zero_grad()
        machine.set_random_state(state)

    def foretell(self, evaluation: float) -> None:
        """Say how long the training will take at most, where one evaluation takes so many seconds, and its memory."""
        count = self.params.epochs * self.params.evaluations_per_epoch * len(self.params.tuned_shares)
        self.expected += evaluation * count
        if self.expected >= MINUTE:
            minutes, memory = self.expected / MINUTE, machine.peak_memory_bytes() / 1e9
            self.say(f"{self.state.max_steps} steps: {minutes:.1f} min at most, {memory:.1f} GB of memory")

    def training_step(self, model: torch.nn.Module, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:  # noqa: ARG002
        """Compute the gradients of a step's rows, in more parts where memory ends; return their mean loss."""
        state, parts = machine.random_state(), self.parts
        while True:
            try:
                loss = self._learn(model, inputs)
                break
            except (MemoryError, RuntimeError) as error:
                if not machine.is_out_of_memory(error):
                    raise
            self.parts = memory.more_parts(len(inputs), self.parts, Path(str(self.args.output_dir)))
            model.zero_grad()
            machine.free_memory()
            machine.set_random_state(state)
        if self.parts > parts:
            self._find("out_of_memory", f"from step {self.state.global_step}, steps are computed in {self.parts} parts")
        return loss

    def _learn(self, model: torch.nn.Module, rows: Sequence[Any]) -> torch.Tensor:
        """Add to the gradients this process's share of a step, part by part: the mean over all targets of the step."""
        model.train()
        weigh, processes = self.learner.weight, distributed.processes()
        whole = sum(map(weigh, rows)) / processes  # torch divides the sum over processes by their number
        mine = steps.parts(steps.shared(rows, distributed.process(), processes), self.parts)
        loss = torch.zeros((), device=self.args.device)
        for place, part in enumerate(mine or [rows[:1]]):  # all have to take part, be it with nothing
            share = sum(map(weigh, part)) / whole if mine else 0.0
            with self.accelerator.no_sync(model) if place + 1 < len(mine) else nullcontext():
                mean = model(**self._prepare_inputs(self.learner.collate(part)))["loss"] * share
                self.accelerator.backward(mean)
            loss += mean.detach()
        return loss

    def _find(self, name: str, text: str) -> None:
        """Write a finding to the journal, and tell it."""
        self.say(text)
        self.journal.write("finding", self.state.global_step, {name: text})

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
        if math.isinf(self.seconds):
            return 0.0
        return distributed.of_first(lambda: (time.monotonic() - self.started) / self.seconds)

    def evaluate(self, *_: Any, **__: Any) -> Scores:
        """Answer the validation rows, keep the weights if they are the best so far, and say when to stop."""
        self.control.should_evaluate = False  # or the end of the epoch would ask again
        scores, weights = self._best_between()
        self.log({f"validation_{name}": value for name, value in scores.items()})
        shown = (*self.shown, *[SHARE] * (len(self.params.tuned_shares) > 1))
        told = {name: value for name, value in scores.items() if name in shown}
        answers = ", ".join(f"{name} {value:.3f}" for name, value in told.items())
        self.say(f"step {self.state.global_step} of {self.state.max_steps}: validation {answers}")
        self._watch_overfitting()
        since_best = health.evaluations_since_best(self.state.log_history, self.params.select_by)
        if since_best == 0:
            self.best = weights
        if since_best >= self.params.patience:
            self.control.should_training_stop = True
            self.control.should_save = False  # a run resumed from here would go on
        return scores

    def answer(self) -> Scores:
        """Return the scores on the validation rows."""
        return self.learner.scores()

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
        return found[len(found) - 1 - health.evaluations_since_best(lines, self.params.select_by)]

    def _watch_overfitting(self) -> None:
        """Name the step since which the training learns by heart, once."""
        step = health.overfitting_since(self.state.log_history)
        if step is not None and "overfitting" not in self.journal.findings():
            text = f"validation loss rose {health.RISES} times in a row after step {step} while training loss fell"
            self._find("overfitting", text)

    def _watch_divergence(self, loss: float) -> None:
        """End a training whose loss flees: the best weights until then are kept."""
        if self.divergence.sees(loss):
            self.control.should_training_stop = True
            self.control.should_save = False
            self._find("diverged", f"training loss fled until step {self.state.global_step}: {self.divergence.told()}")

    def log(self, logs: Scores, start_time: float | None = None) -> None:
        """Write measurements to the journal; a loss or gradient that is no number stops the training."""
        super().log(logs, start_time)
        for name, expected in NOT_FINITE.items():
            if not math.isfinite(logs.get(name, 0.0)):
                found = f"{logs[name]} at step {self.state.global_step}"
                todo = "Lower learning_rate, or set precision: float32, in params.yaml."
                raise UserError(expected=expected, found=found, todo=todo)
        if "loss" in logs:
            self._watch_divergence(logs["loss"])
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
        self.keep(Path(output_dir or str(self.args.output_dir)), self.trained())

    def keep(self, folder: Path, tensors: Tensors) -> None:
        """Write the tensors that learn, the best ones so far, and in how many parts a step is computed."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file(tensors, folder / WEIGHTS)
        save_file(self.best, folder / BEST)
        (folder / PARTS).write_text(json.dumps(self.parts), encoding="utf-8")

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        place = Path(str(self.args.output_dir)) / f"{checkpoints.PREFIX}{self.state.global_step}"
        with writing(place, RuntimeError):  # torch's name for a full disk
            super()._save_checkpoint(model, trial)
        distributed.wait()  # each process wrote where its random numbers stand
        if distributed.is_first():
            checkpoints.seal(place)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:  # noqa: ARG002
        folder = Path(resume_from_checkpoint)
        self.restore(load_file(folder / WEIGHTS))
        self.best = load_file(folder / BEST)
        self.parts = json.loads((folder / PARTS).read_text(encoding="utf-8"))


def arguments(folder: Path, params: TrainParams, bfloat16: bool) -> TrainingArguments:
    """Return the arguments of transformers' Trainer for our settings."""
    return TrainingArguments(
        output_dir=str(folder), seed=params.seed, num_train_epochs=params.epochs, bf16=bfloat16,
        per_device_train_batch_size=params.batch_size, learning_rate=params.learning_rate,
        weight_decay=params.weight_decay, max_grad_norm=params.max_grad_norm, use_cpu=not torch.cuda.is_available(),
        disable_tqdm=True, report_to="none",
        logging_steps=1, logging_nan_inf_filter=False, save_strategy="no", eval_strategy="no",
        remove_unused_columns=False, log_level="error", dataloader_pin_memory=False,
    )  # fmt: skip
