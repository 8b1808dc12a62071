"""A served model logs its answers, and whatever happens to the log, it answers."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from retune.core.errors import UserError
from retune.core.params.redact import RedactParams
from retune.core.params.traffic import ENVIRONMENT
from retune.io import served, traffic
from retune.io.served import Served, record, told
from retune.io.traffic import append, read
from retune.modeling import answering
from retune.modeling.task_types import classification
from retune.project import read_project
from tests.conftest import CHECKOUT

MODEL = "ticket-router"


class Toy:
    """Answers every text alike."""

    task_type = classification

    def predict(self, texts: list[str], contexts: list[str] | None = None) -> pd.DataFrame:  # noqa: ARG002
        return pd.DataFrame({"prediction": ["access"] * len(texts), "confidence": [0.8] * len(texts)})


@pytest.fixture(scope="module")
def redact() -> RedactParams:
    return read_project(CHECKOUT).corpus.redact


@pytest.fixture(autouse=True)
def a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "_LOSSES", traffic._Losses())
    monkeypatch.setattr(served, "_SAID", set())
    monkeypatch.setattr(served, "_CLEANED", {})


def setting(folder: Path, redact: RedactParams) -> str:
    return told(Served(uri=str(folder), model=MODEL, version="7", retention_days=90, redact=redact))


def rows_of(folder: Path) -> pd.DataFrame:
    now = datetime.now(UTC)
    return read(str(folder), MODEL, now - timedelta(days=1), now + timedelta(days=1))


def ask(*texts: str) -> pd.DataFrame:
    toy: Any = Toy()
    return answering.answer(toy, pd.DataFrame({"text": pd.Series(texts, dtype=object)}))


def test_without_the_setting_nothing_is_logged_and_nothing_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    assert list(ask("the door is shut").columns) == ["prediction", "confidence"]
    monkeypatch.setenv(ENVIRONMENT, "")
    assert list(ask("the door is shut").columns) == ["prediction", "confidence"]


def test_a_served_model_logs_what_it_answers_and_gives_the_request_id(
    tmp_path: Path, redact: RedactParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT, setting(tmp_path, redact))
    answers = ask("mail jo@example.org", "the door is shut")
    rows = rows_of(tmp_path)
    assert set(answers["request_id"]) == set(rows["request_id"])
    assert set(rows["text"]) == {"mail [EMAIL_1]", "the door is shut"}
    assert set(rows["version"]) == {"7"}


@pytest.mark.parametrize("broken", ["{", '{"uri": "relative"}', "no json at all"])
def test_a_wrong_setting_fails_no_answer_and_is_said_once(
    broken: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(ENVIRONMENT, broken)
    for _ in range(3):
        answers = ask("the door is shut")
        assert list(answers["prediction"]) == ["access"]
        assert list(answers["request_id"]) == [""]
    assert len(caplog.records) == 1
    assert "door" not in caplog.text


def test_a_folder_that_became_part_of_a_checkout_fails_no_answer(
    tmp_path: Path, redact: RedactParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT, setting(tmp_path / "log", redact))
    (tmp_path / ".git").mkdir()
    assert list(ask("the door is shut")["request_id"]) == [""]
    assert not (tmp_path / "log").exists()


def test_a_text_that_is_no_text_is_answered_and_not_logged(
    tmp_path: Path, redact: RedactParams, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(ENVIRONMENT, setting(tmp_path, redact))
    answers = ask("half a \ud800 pair", "whole")
    assert [bool(request) for request in answers["request_id"]] == [False, True]
    assert rows_of(tmp_path).attrs["withheld"] == 1
    assert caplog.records == []


def test_the_first_answer_of_a_day_cleans_up_what_is_too_old(
    tmp_path: Path, redact: RedactParams, caplog: pytest.LogCaptureFixture
) -> None:
    old = datetime.now(UTC) - timedelta(days=200)
    append(str(tmp_path), MODEL, "1", ask("long ago").assign(text="long ago"), redact=redact, at=old)
    with caplog.at_level(logging.INFO):
        record(setting(tmp_path, redact), ["now"], [""], Toy().predict(["now"]))
        deadline = time.monotonic() + 10
        while "deleted 1 days with 1 rows" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.02)
    assert "deleted 1 days with 1 rows" in caplog.text
    assert len(list((tmp_path / MODEL).iterdir())) == 1


def test_a_server_is_not_started_on_an_address_that_can_hold_no_log(tmp_path: Path, redact: RedactParams) -> None:
    (tmp_path / ".dvc").mkdir()
    with pytest.raises(UserError, match="outside every checkout"):
        setting(tmp_path, redact)
