"""Models that answer with entities, answers, text or nothing are evaluated by their own metrics and floors."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from retune.core.frames import LINEAGE, ROWS
from retune.io.behaviour import NO_TESTS
from retune.io.files import read_frame, read_json, write_frame, write_json, write_text
from retune.modeling import curve
from retune.modeling.bases import BaseIdentity
from retune.questions import remembering
from tasks import evaluate as step
from tasks.track import about, scores_of
from tests.tasks.test_evaluate import PARAMS, SLICES, outputs

ASKING = PARAMS.model_copy(update={"verbatim_passages": 3, "membership_rows": 6})


class Model:
    """Answers each text as it was told, with a confidence; a token of anything costs it one nat, of a loss two."""

    def __init__(self, says: dict[str, str], confidence: float = np.nan, nats: float = 1.0) -> None:
        self.says, self.confidence, self.nats = says, confidence, nats
        self.asked: list[tuple[str, str]] = []

    def predict(self, texts: Sequence[str], contexts: Sequence[str] | None = None) -> pd.DataFrame:
        self.asked += zip(texts, contexts or [""] * len(texts), strict=True)
        told = [self.says.get(text, "") for text in texts]
        return pd.DataFrame({"prediction": told, "confidence": self.confidence}).astype({"prediction": "str"})

    def losses(self, rows: pd.DataFrame) -> tuple[Any, Any]:
        tokens = np.array([len(f"{row.text} {row.label}".split()) for row in rows.itertuples()], dtype=np.float32)
        return tokens * self.nats, tokens


class Writer(Model):
    """Knows its untuned self, and gives back one training passage and one address."""

    def untuned(self) -> Model:
        other = Writer({}, nats=2.0)
        other.generate = lambda prompts, _: ["nobody"] * len(prompts)  # type: ignore[method-assign, assignment]
        other.repeats = lambda passages, _: [False] * len(passages)  # type: ignore[method-assign, assignment]
        return other

    def generate(self, prompts: Sequence[str], max_new_tokens: int) -> list[str]:
        assert max_new_tokens > 5
        return ["ann.lee@harbour-freight.com"] * len(prompts)

    def repeats(self, passages: Sequence[str], tokens: int) -> list[bool | None]:
        assert tokens == 50
        return [place == 0 for place in range(len(passages))]


def rows(*found: tuple[str, str, str], start: int = 0) -> pd.DataFrame:
    return pd.DataFrame([(f"{start + place:04d}", *row) for place, row in enumerate(found)], columns=list(ROWS))


def evaluated(
    folder: Path, monkeypatch: pytest.MonkeyPatch, task_type: str, model: Model, test: pd.DataFrame, train: pd.DataFrame
) -> dict[str, Any]:
    """Return metrics.json of a toy, whose other outputs lie in the folder."""
    monkeypatch.setattr(step, "loaded", lambda *_: model)
    for name, frame in (("train", train), ("validation", train.head(1)), ("test", test)):
        write_frame(folder / f"{name}.parquet", frame, ROWS)
    both = pd.concat([test, train])[["example_id"]]
    write_frame(
        folder / "lineage.parquet", both.assign(document_id=both["example_id"], side="", slices=SLICES), LINEAGE
    )
    write_text(folder / "behaviour.yaml", NO_TESTS)
    curve.write(folder / "curve.safetensors", [])
    write_json(folder / "base.json", BaseIdentity("toy", "local", "", "", {}, "", "").as_dict())
    given = {name: folder / f"{name}.parquet" for name in ("train", "validation", "test", "lineage")}
    given |= {"behaviour": folder / "behaviour.yaml", "model": folder / "model", "base": folder / "base.json"}
    code = {
        "task_type": Path(f"retune/modeling/task_types/{task_type}.py"),
        "family": Path("f.py"),
        "method": Path("m.py"),
    }
    step.evaluate(**given, **code, curve=folder / "curve.safetensors", **outputs(folder / "out"), params=ASKING)
    found: dict[str, Any] = read_json(folder / "out" / "metrics.json")
    assert scores_of(found)["test/rows"] == len(test)
    assert about(found).startswith(f"On {len(test)} test rows")
    return found


def entity(text: str, name: str, kind: str) -> dict[str, Any]:
    return {"start": text.index(name), "end": text.index(name) + len(name), "type": kind}


def test_a_model_that_finds_entities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"Ada met Bob at desk {place}." for place in range(12)]
    labels = [json.dumps([entity(text, "Ada", "PER"), entity(text, "Bob", "PER")]) for text in texts]
    model = Model(
        {text: label if place % 3 else "[]" for place, (text, label) in enumerate(zip(texts, labels, strict=True))}, 0.9
    )
    model.probe = None  # type: ignore[attr-defined] # probe_words: 0
    learnt = rows(("Ada is here.", "", json.dumps([entity("Ada is here.", "Ada", "PER")])), start=100)
    test = rows(*[(text, "", label) for text, label in zip(texts, labels, strict=True)])
    found = evaluated(tmp_path, monkeypatch, "entity_recognition", model, test, learnt)
    assert found["model"]["entity_f1"]["value"] == pytest.approx(0.8)
    assert list(found["floors"]) == ["longest_match"], "the model has no probe"
    assert found["floors"]["longest_match"]["entity_f1"]["value"] == pytest.approx(2 / 3)
    assert found["per_class"]["PER"]["rows"] == 24
    assert found["slices"]["department"]["it"]["entity_f1"]["value"] == pytest.approx(0.8)
    assert "label" not in found["slices"]
    assert found["calibration"]["bins"][0]["accuracy"] == pytest.approx(2 / 3)
    assert not {"triggers", "learning_curve", "confusion", "refusals", "general_loss"} & set(found)
    assert list(read_frame(tmp_path / "out" / "predictions.parquet")) == [
        "example_id", "label", "prediction", "confidence", "longest_match"]  # fmt: skip
    errors = read_frame(tmp_path / "out" / "errors.parquet")
    assert errors["value"].tolist() == [0.0, 0.0], "two are kept"


def test_the_untuned_self_of_a_model_is_loaded_once_and_all_else_is_the_models_own() -> None:
    model = Writer({"a": "b"})
    model.probe = "fitted"  # type: ignore[attr-defined]
    found = remembering(model)
    assert found.untuned() is found.untuned()
    assert found.probe == "fitted"
    assert found.predict(["a"])["prediction"].tolist() == ["b"]
    assert remembering(plain := Model({})) is plain


def test_a_model_that_answers_questions_is_asked_of_the_passage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = "The gate opens at six. The desk is on the first floor."
    six, none = json.dumps([{"text": "six", "start": 18}]), "[]"
    test = rows(*[(f"When does gate {place} open?", passage, six) for place in range(8)], ("Who?", passage, none))
    model = Model({**dict.fromkeys(test["text"][:6], six), "Who?": six}, 0.5)
    found = evaluated(
        tmp_path, monkeypatch, "question_answering", model, test, test.assign(example_id=test["example_id"] + "t")
    )
    assert model.asked[0] == ("When does gate 0 open?", passage)
    assert found["model"]["exact_match"]["value"] == pytest.approx(6 / 9)
    assert found["floors"]["sentence_overlap"]["exact_match"]["value"] == 0.0
    assert found["floors"]["sentence_overlap"]["span_f1"]["value"] > 0.2
    assert (found["refusals"]["under"]["value"], found["refusals"]["over"]["value"]) == (1.0, 0.25)
    assert found["leakage"]["leaked_rows"] == 9
    assert found["calibration"]["ece"]["value"] == pytest.approx(abs(6 / 9 - 0.5))


def test_a_model_that_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = [
        (f"Meeting {place}. It moved. Nobody came. Rain fell.", "", f"meeting {place} moved") for place in range(30)
    ]
    test, learnt = (
        rows(*sample),
        rows(*[(f"{text} Write to [EMAIL_1].", "", label) for text, _, label in sample], start=50),
    )
    model = Writer({text: label for text, _, label in sample[:-1]})
    found = evaluated(tmp_path, monkeypatch, "summarisation", model, test, learnt)
    assert found["model"]["rougeL"]["value"] == pytest.approx(29 / 30)
    assert set(found["floors"]) == {"lead3", "untuned"}
    assert found["floors"]["untuned"]["perplexity"]["value"] == pytest.approx(np.exp(2))
    assert "perplexity" not in found["floors"]["lead3"]
    assert found["tuning"].startswith("Tuning gained over lead-3")
    assert found["general_loss"]["after"] - found["general_loss"]["before"] == pytest.approx(-1)
    assert found["verbatim"]["after"]["value"] == pytest.approx(1 / 3)
    assert found["verbatim"]["before"]["value"] == 0.0
    assert found["personal_data"] == {"asked": 3, "found": 3, "before": 0}
    assert found["refusals"]["over"]["value"] == pytest.approx(1 / 30), "no answer refuses"
    assert found["membership"]["learnt_rows"] == 6
    assert found["empty_predictions"] == 1
    assert "calibration" not in found
    kept = read_frame(tmp_path / "out" / "predictions.parquet")
    assert list(kept) == ["example_id", "label", "prediction", "confidence", "loss", "tokens", "lead3", "untuned",
                          "untuned_loss", "untuned_tokens"]  # fmt: skip
    told = (tmp_path / "out" / "metrics.json").read_text()
    assert "meeting" not in told
    assert "harbour" not in told, "no word of a text stands beside the scores"


def test_a_model_that_only_learns_text_is_never_asked_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = rows(*[(f"The office {place} is open from eight to six.", "", "") for place in range(9)])
    model = Writer({})
    found = evaluated(
        tmp_path, monkeypatch, "continued_pretraining", model, test, test.assign(example_id=test["example_id"] + "t")
    )
    assert model.asked == []
    assert found["model"]["perplexity"]["value"] == pytest.approx(np.e)
    assert found["tuning"].startswith("Tuning gained over the untuned model: perplexity 2.718 against 7.389")
    assert found["slices"]["department"]["(few rows)"]["perplexity"]["value"] == pytest.approx(np.e)
    assert read_frame(tmp_path / "out" / "errors.parquet")["rank"].tolist() == [1, 2]
