from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from retune.core.errors import UserError
from retune.modeling import predictor
from retune.modeling.bench import prepare
from retune.modeling.heads.text import TextLearner, TextPredictor
from retune.modeling.train import Fitted, fit
from tests.modeling.conftest import make_plan
from tests.modeling.heads.texts import FAMILIES, WORDS, frame, prompts, settings_of, talks
from tests.modeling.tiny import tiny

FULL = {"freeze_embeddings": False, "freeze_layers": 0}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bases")


def plan_of(place: Path, architecture: str = "llama", task_type: str = "text_generation", **changes: Any) -> Any:
    """Return a plan for a tiny base; `changes` are settings of the step or of the task type."""
    base = place / architecture if (place / architecture).exists() else tiny(architecture, place / architecture)
    own = settings_of(task_type)
    asked = {name: changes.pop(name) for name in list(changes) if name in type(own).model_fields}
    params = {
        "max_length": 96, "batch_size": 4, "dropout": 0.0, "select_by": "loss", "tuned_shares": [1.0], "patience": 99,
        "task_settings": own.model_dump() | asked, "checkpoint_seconds": 99,
    }  # fmt: skip
    return make_plan(
        base, changes.pop("method", "full"), changes.pop("method_settings", FULL), task_type=task_type,
        family=FAMILIES[architecture], **(params | changes),
    )  # fmt: skip


def run(
    place: Path, out: Path, rows: pd.DataFrame | None = None, architecture: str = "llama", **changes: Any
) -> tuple[Fitted, TextPredictor]:
    """Train on rows in a folder of its own; return what it says and what answers."""
    rows = prompts() if rows is None else rows
    (out / "work").mkdir(parents=True)
    plan = plan_of(place, architecture, **changes)
    fitted = fit(plan, rows, rows, work=out / "work", out=out / "model", say=lambda _: None)
    return fitted, predictor.load(out / "model")


def learner_of(place: Path, rows: pd.DataFrame, **changes: Any) -> TextLearner:
    """Return what would be trained on rows."""
    return TextLearner(prepare(plan_of(place, **changes), rows, rows, 0.0, lambda _: None))


@pytest.mark.case("TR-1")
@pytest.mark.parametrize("architecture", ["llama", "gpt2", "t5", "bart"])
def test_eight_rows_are_learned_by_heart(architecture: str, place: Path, tmp_path: Path) -> None:
    rows = frame([f"{word} {word} {word}\n" for word in WORDS], [f"It is the {word}." for word in WORDS])
    fitted, model = run(place, tmp_path, rows, architecture, epochs=70, learning_rate=0.01, max_grad_norm=0.0)
    assert (
        fitted.facts["validation_best"]["validation_loss"] < 0.1 < fitted.facts["validation_start"]["validation_loss"]
    )
    answers = model.predict(rows["text"].tolist())
    assert answers["prediction"].tolist() == rows["label"].tolist()
    assert answers["confidence"].between(0.8, 1).all()


def test_an_adapter_learns_and_the_untuned_model_is_the_base(place: Path, tmp_path: Path) -> None:
    lora = {"rank": 8, "alpha": 16, "dropout": 0.0, "target": "all_linear"}
    _, model = run(place, tmp_path, method="lora", method_settings=lora, epochs=10, learning_rate=0.01)
    before, after = model.untuned().losses(prompts())[0], model.losses(prompts())[0]
    assert (after < before).all()
    plain = learner_of(place, prompts())
    np.testing.assert_allclose(before.sum() / model.losses(prompts())[1].sum(), plain.scores()["loss"], atol=1e-4)


def test_packed_rows_are_learned_as_rows_alone_are(place: Path, tmp_path: Path) -> None:
    """One step of all rows, in one pack or apart: the same gradients, so the same losses afterwards."""
    found = [
        run(place, tmp_path / str(packing), prompts(4), packing=packing, max_length=200, epochs=1, learning_rate=0.01)
        for packing in (False, True)
    ]
    assert [fitted.facts["steps"] for fitted, _ in found] == [1, 1]
    apart, packed = (model.losses(prompts(4))[0] for _, model in found)
    np.testing.assert_allclose(packed, apart, atol=1e-3)


def test_a_step_in_parts_learns_as_a_step_at_once_though_parts_have_more_and_less_to_learn(
    place: Path, tmp_path: Path
) -> None:
    rows = frame(
        ["Say it.\n"] * 4, ["It is the toner of the printer in Hamburg, again and again.", "No.", "Yes.", "A."]
    )
    found = [
        run(place, tmp_path / str(parts), rows, gradient_accumulation=parts, epochs=1, learning_rate=0.01)[1]
        for parts in (1, 2)
    ]
    at_once, in_parts = (model.losses(rows)[0] for model in found)
    np.testing.assert_allclose(in_parts, at_once, atol=1e-3)


def test_a_row_has_a_loss_for_each_token_that_is_learnt_and_a_reference_is_a_rectangle(place: Path) -> None:
    learner = learner_of(place, prompts())
    model = learner._predictor()
    losses, tokens = model.losses(prompts())
    assert tokens.tolist() == [sum(block.learnt_tokens for block in row) for row in learner.examples]
    assert learner.scores()["loss"] == pytest.approx(losses.sum() / tokens.sum())
    assert learner.scores()["perplexity"] == pytest.approx(np.exp(losses.sum() / tokens.sum()), rel=1e-5)
    numbers = model.reference(learner.bench.plan.task_type.EXAMPLE)
    assert numbers.ndim == 2
    assert (numbers[:, :3] > 0).all()


def test_what_a_metric_selects_by_is_measured_on_answers(place: Path) -> None:
    assert set(learner_of(place, prompts()).scores()) == {"loss", "perplexity"}
    assert 0 <= learner_of(place, prompts(), select_by="chrf", max_new_tokens=4).scores()["chrf"] <= 1


def test_raw_prompts_are_gone_on_with(place: Path) -> None:
    model = learner_of(place, prompts())._predictor()
    assert len(model.generate(["The meeting", "Anna"], 5)) == 2
    assert model.generate(["The meeting"], 3) == model.generate(["The meeting"], 3)


def test_an_answer_ends_before_the_next_turn_of_the_user(place: Path) -> None:
    model = learner_of(place, talks(), task_type="chat", template="plain")._predictor()
    ids = model.scribe.tokenizer(" Yes.\nUser: And", add_special_tokens=False)["input_ids"]
    answer = type("Said", (), {"ids": ids})
    assert model._text(answer) == " Yes."  # type: ignore[arg-type] # it has what is read of it


class TestEverySettingChangesWhatItSays:
    """TR-12, for the settings of the task types of this head."""

    def test_template(self, place: Path) -> None:
        texts = {
            name: learner_of(place, prompts(1), template=name, max_length=256).scribe.prompts(["Say it."], [""])[0]
            for name in ("plain", "alpaca", "vicuna")
        }
        assert len({tuple(ids) for ids in texts.values()}) == 3

    def test_max_new_tokens(self, place: Path) -> None:
        answers = [
            learner_of(place, prompts(), max_new_tokens=count)._predictor()._answers([[1, 5]])[0].ids
            for count in (2, 5)
        ]
        assert [len(ids) for ids in answers] == [2, 5]

    def test_packing(self, place: Path) -> None:
        apart, packed = (len(learner_of(place, prompts(), packing=packing).items) for packing in (False, True))
        assert packed < apart == 8

    def test_loss_on(self, place: Path) -> None:
        some, every = (
            learner_of(place, prompts(), loss_on=side).facts()["learnt_tokens"] for side in ("completion", "all")
        )
        assert some < every

    def test_truncated_share(self, place: Path) -> None:
        long = prompts().assign(text=[f"{'please ' * 200}{place}:\n" for place in range(8)])
        assert learner_of(place, long, truncated_share=1.0).findings() == {"texts_cut_at_max_length": 16}
        with pytest.raises(UserError, match="max_length, 96 tokens") as refused:
            learner_of(place, long, truncated_share=0.5)
        assert "100.0% of 8" in str(refused.value)

    @pytest.mark.parametrize("task_type", ["summarisation", "translation"])
    def test_instruction(self, task_type: str, place: Path) -> None:
        rows = frame(["The meeting moved."], ["It moved."])
        without, given = (
            learner_of(place, rows, task_type=task_type, instruction=words).scribe.prompts(["It."], [""])[0]
            for words in ("", "In short:")
        )
        assert len(given) > len(without)


def test_rows_with_nothing_to_learn_stop_the_run_before_it_starts(place: Path) -> None:
    with pytest.raises(UserError, match="tokens to learn"):
        learner_of(place, frame(['[{"role": "user", "content": "Is it open?"}]'], [""]), task_type="chat")


@pytest.mark.parametrize(("changes", "said"), [({"max_length": 400}, "positions"), ({"max_new_tokens": 96}, "room")])
def test_lengths_that_cannot_be_are_refused_before_anything_is_learnt(
    changes: dict[str, int], said: str, place: Path
) -> None:
    with pytest.raises(UserError, match=said):
        learner_of(place, prompts(), **changes)
