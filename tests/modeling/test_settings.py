"""Every setting of the step train changes what it says: a setting without a proof here fails the first test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers.models.bert.modeling_bert import BertIntermediate

from retune.core.params.train import TrainParams
from retune.modeling import curve
from retune.modeling.train import WARM_UP, Fitted
from tests.modeling import test_distributed, test_train
from tests.modeling.conftest import METHOD_SETTINGS, TOY_SETTINGS, toy_rows
from tests.modeling.heads import test_token
from tests.modeling.test_train import losses, run
from tests.tasks import test_train as test_step

BEFORE: dict[str, Any] = {"epochs": 2, "dropout": 0.0, "probe_strengths": [1e-3], "select_by": "loss"}
ELSEWHERE: dict[str, Callable[..., None]] = {  # the test that proves it
    "processes": test_distributed.test_two_processes_learn_as_one_with_equal_steps,
    "sharding": test_distributed.test_shared_out_weights_learn_as_whole_ones,
    "replay_share": test_step.test_a_pinned_parent_is_continued_on_what_it_has_not_seen_and_a_share_of_the_rest,
    "patience": test_train.test_early_stopping_restores_the_best_and_not_the_last,
    "tuned_shares": test_train.test_part_of_the_way_is_kept_where_it_answers_better_than_the_end,
    "task_settings": test_token.test_the_head_starts_from_a_probe_of_as_many_words_as_are_asked_for,
    "time_budget_seconds": test_train.test_a_time_budget_gives_a_model_in_that_time,
}


@dataclass
class Seen:
    """What can be seen of a training."""

    fitted: Fitted
    model: Path
    layers: int  # how often a layer computed

    def logged(self, name: str) -> list[float]:
        """Return the measurements of a name, in the order of steps."""
        return [event["values"][name] for event in self.fitted.events if name in event["values"]]

    @property
    def work(self) -> Path:
        """Return the folder with what the training kept while it ran."""
        return self.model.parent / "work"

    def best_by(self, name: str) -> list[float]:
        """Return the scores of the evaluations by which another choice would have been made."""
        return self.logged(f"validation_{name}")


Proof = Callable[[Seen, Seen], bool]
PROOFS: dict[str, tuple[dict[str, Any], Proof]] = {
    "seed": ({"seed": 6}, lambda a, b: losses(a.fitted) != losses(b.fitted)),
    "threads": ({"threads": 2}, lambda a, b: (a.fitted.timings["threads"], b.fitted.timings["threads"]) == (1, 2)),
    "precision": ({"precision": "bfloat16"}, lambda a, b: 0 < off(losses(a.fitted)[-1], losses(b.fitted)[-1]) < 0.01),
    "max_length": ({"max_length": 8}, lambda a, b: cut(b) > cut(a) == 0),
    "epochs": ({"epochs": 3}, lambda a, b: b.fitted.facts["steps"] == 1.5 * a.fitted.facts["steps"]),
    "batch_size": ({"batch_size": 4}, lambda a, b: b.fitted.facts["steps"] == 2 * a.fitted.facts["steps"]),
    "gradient_accumulation": (
        {"gradient_accumulation": 4},
        lambda a, b: b.layers > 2 * a.layers and off(losses(a.fitted)[-1], losses(b.fitted)[-1]) < 1e-4,
    ),
    "gradient_checkpointing": (
        {"gradient_checkpointing": True},
        lambda a, b: b.layers > 1.3 * a.layers and losses(a.fitted) == losses(b.fitted),
    ),
    "max_grad_norm": ({"max_grad_norm": 1e-9}, lambda a, b: moved(b) < 0.5 * moved(a)),  # below Adam's epsilon
    "learning_rate": (
        {"learning_rate": 0.01},
        lambda a, b: twice(rates(a), rates(b)),
    ),
    "warmup_share": (
        {"warmup_share": 0.9},
        lambda a, b: peak(rates(b)) > peak(rates(a)),
    ),
    "weight_decay": ({"weight_decay": 5.0}, lambda a, b: losses(a.fitted)[-1] != losses(b.fitted)[-1]),
    "label_smoothing": ({"label_smoothing": 0.3}, lambda a, b: losses(a.fitted)[0] != losses(b.fitted)[0]),
    "dropout": ({"dropout": 0.5}, lambda a, b: losses(a.fitted)[0] != losses(b.fitted)[0]),
    "evaluations_per_epoch": (
        {"evaluations_per_epoch": 3},
        lambda a, b: (len(a.best_by("loss")), len(b.best_by("loss"))) == (3, 7),
    ),
    "select_by": (
        {"select_by": "accuracy", "learning_rate": 0.05, "epochs": 4},
        lambda _, b: best(b) == first_best(b.best_by("accuracy"), b.best_by("loss")),
    ),
    "probe_strengths": ({"probe_strengths": [3.0]}, lambda a, b: strengths(a, b) == (1e-3, 3.0)),
    "learning_curve": ({"learning_curve": [0.5]}, lambda a, b: (shares(a), shares(b)) == ([0.25, 0.5], [0.5])),
    "checkpoint_seconds": ({"checkpoint_seconds": 3600}, lambda a, b: (kept(a), kept(b)) == (2, 0)),
    "method_settings": (
        {"method_settings": METHOD_SETTINGS["lora"] | {"rank": 8}},
        lambda a, b: tuned(b) > tuned(a),
    ),
}


def off(expected: float, found: float) -> float:
    return abs(found - expected) / abs(expected)


def cut(seen: Seen) -> int:
    return int(seen.fitted.facts["findings"].get("texts_cut_at_max_length", 0))


def moved(seen: Seen) -> float:
    """Return how far the training loss went."""
    found = losses(seen.fitted)
    return abs(found[-1] - found[0])


def rates(seen: Seen) -> list[float]:
    return seen.logged("learning_rate")


def twice(before: list[float], after: list[float]) -> bool:
    return after == pytest.approx([2 * rate for rate in before])


def peak(found: list[float]) -> int:
    return found.index(max(found))


def best(seen: Seen) -> float:
    return float(seen.fitted.facts["validation_best"]["validation_accuracy"])


def first_best(scores: list[float], by: list[float]) -> float:
    """Return the highest score; the test has a lower one where the loss is lowest."""
    assert scores[by.index(min(by))] < max(scores), "the loss would have chosen alike"
    return max(scores)


def strengths(*of: Seen) -> tuple[float, ...]:
    return tuple(seen.fitted.facts["probe_strength"] for seen in of)


def shares(seen: Seen) -> list[float]:
    return [part.share for part in curve.read(seen.work / WARM_UP / curve.FILE)]


def kept(seen: Seen) -> int:
    return len(list((seen.work / "checkpoints").glob("checkpoint-*")))


def tuned(seen: Seen) -> int:
    return int(seen.fitted.facts["parameters_trainable"])


@pytest.fixture
def see(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, Any]], Seen]]:
    """Return what trains with settings and sees; each training has a folder of its own."""
    computed: list[None] = []
    forward = BertIntermediate.forward

    def counted(self: BertIntermediate, *args: Any, **more: Any) -> Any:
        computed.extend([None] * self.training)
        return forward(self, *args, **more)

    monkeypatch.setattr(BertIntermediate, "forward", counted)
    numbers = iter(range(9))
    threads = torch.get_num_threads()

    def seen(changes: dict[str, Any]) -> Seen:
        computed.clear()
        asked = {**BEFORE, **changes}
        fitted, model = run(tiny_base, tmp_path / str(next(numbers)), toy_rows(8), toy_rows(4, seed=1), **asked)
        return Seen(fitted, model, len(computed))

    yield seen
    torch.set_num_threads(threads)


@pytest.mark.case("TR-12")
def test_every_setting_has_a_proof() -> None:
    assert {*PROOFS, *ELSEWHERE} == set(TrainParams.model_fields)
    assert not PROOFS.keys() & ELSEWHERE.keys()


@pytest.mark.slow
@pytest.mark.case("TR-12")
@pytest.mark.parametrize("name", PROOFS)
def test_a_setting_changes_what_it_says(name: str, see: Callable[[dict[str, Any]], Seen]) -> None:
    changes, proof = PROOFS[name]
    assert changes[name] != {**TOY_SETTINGS, "method_settings": None, **BEFORE}[name]
    assert proof(see({}), see(changes))
