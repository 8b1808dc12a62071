"""`retune preview` shows what a training would read and learn, before it starts."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks.checkout import rename_model
from benchmarks.task_types import projects
from retune.cli.commands import preview
from retune.cli.main import main
from retune.core.frames import ROWS
from retune.io.files import write_frame, write_json
from retune.modeling import bases
from tests.conftest import CHECKOUT
from tests.modeling.tiny import tiny

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what makes a checkout of a model of a set's task type on given rows, as its split has left them."""
    monkeypatch.chdir(tmp_path)

    def make(name: str, architecture: str, rows: list[dict[str, str]], **changes: Any) -> None:
        from benchmarks.checkout import use_settings

        shutil.copyfile(CHECKOUT / "params.yaml", tmp_path / "params.yaml")
        rename_model(tmp_path, "it")
        use_settings(tmp_path, {**projects.settings(name, "models.it"), "models.it.train.max_length": 256, **changes})
        frame = pd.DataFrame([{"context": "", "example_id": f"{place:04}", **row} for place, row in enumerate(rows)])
        place = tmp_path / "artifacts" / "models" / "it"
        for side in ("train", "validation", "test"):
            write_frame(place / "split" / f"{side}.parquet", frame, ROWS)
        write_json(place / "resolve" / "base.json", bases.resolve(str(tiny(architecture, tmp_path / "base"))).as_dict())

    return make


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["preview", "--json", *arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.case("CH-13")
def test_prompts_are_shown_with_what_is_learnt_of_them(
    made: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    made("gsm8k", "llama", [{"text": f"The day after {day}? ->", "label": " " + day} for day in DAYS])
    found = told(capsys, "--rows", "2")
    assert [len(example) for example in found["examples"]] == [2, 2]
    (prompt, learnt), (answer, is_learnt) = found["examples"][0]
    assert (prompt, learnt) == ("<s>The day after Monday? ->", False)
    assert (answer, is_learnt) == (" Monday</s>", True)
    assert found["rows"] == {"train": 6, "validation": 6, "test": 6}
    assert 0 < found["tokens"]["learnt"] < found["tokens"]["all"]
    assert (found["longer"], found["labels"], found["faults"]) == (0, {}, [])


def test_how_many_rows_are_cut_is_said_with_how_long_they_are(
    made: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"text": "Say it.", "label": "yes " * (400 if place < 2 else 1)} for place in range(10)]
    made("gsm8k", "llama", rows, **{"models.it.train.max_length": 64})
    found = told(capsys)
    assert (found["longer"], found["longer_share"]) == (2, 0.2)
    assert found["lengths"]["max"] > 400
    assert [fault["name"] for fault in found["faults"]] == ["too_long"]


def test_what_would_stop_the_training_for_its_lengths_is_told_before_it(
    made: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"text": "Say it.", "label": "yes " * 400}] * 4
    made("gsm8k", "llama", rows, **{"models.it.train.max_length": 64})
    fatal = [fault["name"] for fault in told(capsys)["faults"] if fault["is_fatal"]]
    assert "lengths" in fatal
    assert main(["preview"]) == 0
    assert "error: lengths: expected at most 50% of the training rows cut" in capsys.readouterr().out


def test_an_encoder_decoder_is_shown_with_what_its_encoder_reads(
    made: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    made("gsm8k", "t5", [{"text": "Say it.", "label": "Yes"}] * 3, **{"models.it.family": "t5"})
    assert told(capsys, "--rows", "1")["examples"] == [[["Say it.</s>", False], ["Yes</s>", True]]]


def test_labels_are_counted(made: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"text": "the printer " * place, "label": "ab"[place % 3 == 0]} for place in range(1, 10)]
    made("banking77", "bert", rows, **{"models.it.train.max_length": 8})
    found = told(capsys, "--rows", "1")
    assert found["labels"] == {"a": 6, "b": 3}
    assert found["examples"] == [[["the printer\n", False], ["a", True]]]
    assert 0 < found["longer"] < 9
    assert main(["preview", "--rows", "1"]) == 0
    said = capsys.readouterr().out
    assert "      6   66.7%  a\n" in said
    assert "the printer\n[[a]]" in said


def test_a_person_sees_figures_faults_and_brackets_around_what_is_learnt(
    made: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    turns = json.dumps([{"role": "user", "content": "Hello"}])
    made("consultations", "llama", [{"text": turns, "label": "Good day"}] * 3,
         **{"models.it.train.task_settings.template": "chat"})  # fmt: skip
    assert main(["preview", "--rows", "1"]) == 0
    said = capsys.readouterr().out
    assert "it: chat, rows: 3 train, 3 validation, 3 test" in said
    assert "0 rows (0.0%) are longer than 256 tokens and are cut" in said
    assert "warning: no_chat_template: the tokenizer has no chat template" in said
    assert "<s>User: Hello\n\nAssistant:[[ Good day</s>]]" in said


def test_many_labels_and_long_texts_fit_on_a_screen() -> None:
    lines = preview.labels({f"l{place:02}": place for place in range(1, 31)})
    assert len(lines) == 21
    assert lines[0].split() == ["30", "6.5%", "l30"]
    assert lines[-1] == "  and 10 more"
    (text,) = [line for line in preview.shown([[("x" * 5000, False)]]) if "xx" in line]
    assert len(text) < 1300


def test_before_the_split_there_is_nothing_to_see(
    made: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made("gsm8k", "llama", [{"text": "a", "label": "b"}])
    shutil.rmtree(tmp_path / "artifacts")
    assert main(["preview"]) == 2
    assert "retune repro split@it" in capsys.readouterr().err
