"""A service tunes a model on the split; nothing is sent unless it may be, and nothing is paid for twice."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow import MlflowClient

from benchmarks.checkout import use_settings
from retune.core.errors import GateError, IntegrityError, UserError
from retune.core.frames import ROWS
from retune.core.params.train import TrainParams
from retune.io import behaviour, cache, hosted_copies
from retune.io.files import read_frame, read_json, write_frame
from retune.io.hosted import JobFailedError
from retune.io.registry import WITHDRAWN
from retune.modeling import answering, predictor
from retune.modeling.bases import BaseIdentity
from retune.project import read_project
from tasks.evaluate import evaluate
from tasks.fine_tune import fine_tune
from tasks.resolve import resolve
from tasks.train import train
from tests.io.toy_openai import BASES, KEY, ToyOpenAI, serving
from tests.tasks.hosted_toys import CORPUS, MODEL, OWN, change_lock, make_hosted_checkout, write_splits, write_verdict

pytest.importorskip("openai", reason="the extra `hosted` is not installed")
TODAY = date(2026, 11, 23)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ToyOpenAI]:
    monkeypatch.setenv("TOY_KEY", KEY)
    monkeypatch.setenv(cache.STATE_VARIABLE, str(tmp_path / "state"))
    with serving() as server:
        yield server


@pytest.fixture
def root(toy: ToyOpenAI, tmp_path: Path) -> Path:
    return make_hosted_checkout(tmp_path / "checkout", toy.url)


def tuned(root: Path, said: list[str] | None = None, today: date = TODAY) -> BaseIdentity:
    resolve(root=root, model=MODEL, params=read_project(root).models[MODEL].resolve)
    fine_tune(root=root, model=MODEL, today=today, say=(said if said is not None else []).append)
    return BaseIdentity.from_dict(read_json(root / OWN / "resolve" / "base.json"))


def trained(root: Path, out: Path) -> Path:
    """Run the step train on the split and base.json, and return where its outs are."""
    parts = Path("retune/modeling")
    train(
        **{side: root / OWN / "split" / f"{side}.parquet" for side in ("train", "validation")},
        base=root / OWN / "resolve" / "base.json",
        task_type=parts / "task_types" / "classification.py",
        family=parts / "families" / "hosted.py",
        method=parts / "methods" / "hosted.py",
        **{name: out / name for name in ("model", "curve", "history", "facts", "timings")},
        params=params_of(root),
    )
    return out


def params_of(root: Path) -> TrainParams:
    return read_project(root).models[MODEL].train


def test_a_job_becomes_the_base_with_all_that_can_be_pinned_of_it(root: Path, toy: ToyOpenAI) -> None:
    said: list[str] = []
    identity = tuned(root, said)
    found = identity.hosted
    assert found is not None
    assert (identity.kind, identity.revision, found.base) == ("hosted", "ftjob-0000", BASES[0])
    assert (found.model, found.billed_tokens) == (f"ft:{BASES[0]}:toy-org:router:0000", 1234)
    assert (found.created, found.finished) == ("2026-09-21T14:13:20+00:00", "2026-09-21T14:14:20+00:00")
    assert KEY not in json.dumps(identity.as_dict())
    rows = [json.loads(line) for line in toy.contents["file-0000"].splitlines()]
    assert len(rows) == 24
    assert [message["role"] for message in rows[0]["messages"]] == ["system", "user", "assistant"]
    assert toy.files == {}, "the rows are deleted at the service"
    assert "Step 2/3" in said
    assert said[-1].endswith("has learnt 24 rows; 1234 tokens are billed")


@pytest.mark.case("HB-3")
def test_a_continued_version_is_the_parent_and_a_withdrawn_one_is_refused(
    root: Path, toy: ToyOpenAI, mlflow_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_uri)
    first = tuned(root)
    assert first.hosted is not None
    client = MlflowClient(mlflow_uri)
    client.create_registered_model(MODEL)
    client.create_model_version(MODEL, f"file://{root}", tags=hosted_copies.tags_of(first.as_dict()))
    use_settings(root, {f"models.{MODEL}.resolve.base": f"hosted:openai/{first.hosted.model}"})
    again = tuned(root).hosted
    assert again is not None
    assert (again.parent_model, again.parent_version) == (MODEL, "1")
    client.set_model_version_tag(MODEL, "1", WITHDRAWN, "it learnt from what was erased")
    write_splits(root, seed=1)
    with pytest.raises(UserError, match="withdrawn: it learnt from what was erased"):
        tuned(root)
    assert len(toy.jobs) == 2


@pytest.mark.case("HB-3")
def test_an_earlier_tuned_model_is_continued_under_its_name(root: Path, toy: ToyOpenAI) -> None:
    first = tuned(root).hosted
    assert first is not None
    use_settings(root, {f"models.{MODEL}.resolve.base": f"hosted:openai/{first.model}"})
    write_splits(root, seed=1)
    again = tuned(root).hosted
    assert again is not None
    assert again.base == first.model
    assert toy.jobs["ftjob-0001"]["model"] == first.model


def test_nothing_is_done_twice_and_new_rows_or_settings_are_another_job(root: Path, toy: ToyOpenAI) -> None:
    before = (root / OWN / "resolve" / "base.json").read_bytes() if tuned(root) else b""
    requests = toy.requests.total()
    tuned(root)
    assert toy.requests.total() == requests, "what stands is not asked for"
    (root / OWN / "resolve" / "base.json").unlink()
    for path in (cache.state() / "cache").rglob("job.json"):
        path.unlink()
    tuned(root)
    assert (root / OWN / "resolve" / "base.json").read_bytes() == before, "a checkout that lost it finds it again"
    assert len(toy.jobs) == 1
    use_settings(root, {f"models.{MODEL}.train.method_settings.epochs": 4})
    tuned(root)
    assert len(toy.jobs) == 2
    write_splits(root, seed=1)
    tuned(root)
    assert len(toy.jobs) == 3


@pytest.mark.case("HB-4")
def test_a_failed_job_names_the_reason_and_pins_nothing(root: Path, toy: ToyOpenAI) -> None:
    toy.fails_with = "Line 7 has no assistant message."
    with pytest.raises(JobFailedError, match=r"Line 7 has no assistant message\. \(invalid_training_file\)"):
        tuned(root)
    assert BaseIdentity.from_dict(read_json(root / OWN / "resolve" / "base.json")).hosted is None
    toy.fails_with = ""
    assert tuned(root).revision == "ftjob-0001"


@pytest.mark.case("HB-4")
def test_a_service_that_closes_is_said_90_days_ahead_and_gets_no_new_job_then(root: Path, toy: ToyOpenAI) -> None:
    use_settings(root, {"hosted.openai.closes_on": "2027-01-06"})
    with pytest.raises(UserError, match="openai takes none since 2027-01-06"):
        tuned(root, today=date(2027, 1, 6))
    assert toy.contents == {}
    said: list[str] = []
    tuned(root, said, today=date(2026, 11, 23))
    assert "warning: openai takes no new jobs from 2027-01-06, in 44 days: plan for another base" in said
    (root / OWN / "resolve" / "base.json").unlink()
    tuned(root, today=date(2027, 2, 1))  # the job is no new one


@pytest.mark.case("HB-4")
def test_a_model_that_the_provider_shuts_down_is_treated_alike(root: Path, toy: ToyOpenAI) -> None:
    toy.shutdown[BASES[0]] = "2026-12-01"
    said: list[str] = []
    with pytest.raises(UserError, match=f"openai's {BASES[0]} takes none since 2026-12-01"):
        tuned(root, today=date(2026, 12, 1))
    tuned(root, said)
    assert any("2026-12-01, in 8 days" in line for line in said)


@pytest.mark.case("HB-2")
def test_rows_on_both_sides_are_not_sent(root: Path, toy: ToyOpenAI) -> None:
    rows = read_frame(root / OWN / "split" / "train.parquet")
    write_frame(root / OWN / "split" / "validation.parquet", rows.head(2), ROWS)
    refresh_lock(root)
    with pytest.raises(UserError, match="2 of 2 validation rows are among the train rows"):
        tuned(root)
    assert not toy.requests


@pytest.mark.case("HB-5")
def test_nothing_is_sent_to_a_service_that_is_not_enabled(
    root: Path, toy: ToyOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Any] = []
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, lambda _self, *address: tried.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: tried.append(address))
    use_settings(root, {"hosted.openai.enabled": False})
    with pytest.raises(UserError, match=r"hosted\.openai\.enabled is false"):
        tuned(root)
    assert tried == []
    assert not toy.requests


def refresh_lock(root: Path) -> None:
    """Let dvc.lock record the split as it lies there."""
    verdict = read_json(root / CORPUS / "gate" / "verdict.json")
    write_verdict(root, checks=verdict["checks"], passed=verdict["passed"])


def in_the_split(text: str) -> Any:
    def change(root: Path) -> None:
        rows = read_frame(root / OWN / "split" / "train.parquet")
        rows.loc[0, "text"] = text
        write_frame(root / OWN / "split" / "train.parquet", rows, ROWS)

    return change


def gates(**changes: Any) -> Any:
    def change(root: Path) -> None:
        checks = read_json(root / CORPUS / "gate" / "verdict.json")["checks"]
        checks[0] |= changes
        write_verdict(root, checks=checks)

    return change


REFUSALS: list[tuple[str, Any, str]] = [
    ("no lock", lambda root: (root / "dvc.lock").unlink(), "is not what the step split wrote"),
    ("another split", in_the_split("by hand"), "is not what the step split wrote"),
    ("no redaction", lambda root: change_lock(root, "redact", None), "did not come through redact"),
    ("no gate", lambda root: change_lock(root, "gate", None), "did not come through gate"),
    ("other bytes", lambda root: change_lock(root, "redact", {"outs": [{"path": str(CORPUS / "redact/clean.parquet"),
     "md5": "f" * 32}]}), "validate read another artifacts/corpus/redact/clean.parquet than redact has written"),
    ("a gate that warns", gates(level="warn"), "remaining_pii does not stop the pipeline"),
    ("no such gate", gates(gate="toxic"), "remaining_pii was not asked"),
    ("a gate that failed", gates(status="fail", reason="3 documents"), "3 documents"),
]  # fmt: skip


@pytest.mark.case("HB-5")
@pytest.mark.parametrize(("what", "change", "said"), REFUSALS, ids=[what for what, _, _ in REFUSALS])
def test_rows_that_did_not_pass_redaction_and_its_gates_are_not_sent(
    root: Path, toy: ToyOpenAI, what: str, change: Any, said: str
) -> None:
    change(root)
    with pytest.raises((UserError, GateError), match=said):
        tuned(root)
    assert not toy.requests


@pytest.mark.case("HB-5")
def test_a_last_look_stops_what_redaction_missed(root: Path, toy: ToyOpenAI) -> None:
    in_the_split("write to ann.lee@corp.com")(root)
    refresh_lock(root)
    with pytest.raises(GateError, match="EMAIL in 1 text"):
        tuned(root)
    assert not toy.requests


def test_training_writes_the_page_of_the_model_and_what_was_measured(
    root: Path, toy: ToyOpenAI, tmp_path: Path
) -> None:
    identity = tuned(root)
    requests = toy.requests.total()
    out = trained(root, tmp_path / "out")
    assert toy.requests.total() == requests, "training asks nothing of the service"
    assert sorted(path.name for path in (out / "model").iterdir()) == ["reference.json", "retune_model.json"]
    losses = [json.loads(line)["values"].get("train_loss") for line in (out / "history").read_text().splitlines()]
    assert losses == [1.5, 0.75, 0.4]
    facts = read_json(out / "facts")
    assert (facts["job"], facts["train_rows"], facts["train_tokens"]) == ("ftjob-0000", 24, 1234)
    again = trained(root, tmp_path / "again")
    for name in ("model/retune_model.json", "model/reference.json", "history", "facts", "curve"):
        assert (out / name).read_bytes() == (again / name).read_bytes()
    model = predictor.load(out / "model", identity)
    assert (
        model.reference(read_json(out / "model" / "reference.json")["examples"]).tolist()
        == read_json(out / "model" / "reference.json")["numbers"]
    )
    assert toy.requests.total() == requests


def test_training_refuses_rows_that_the_job_has_not_learnt(root: Path, tmp_path: Path) -> None:
    tuned(root)
    write_splits(root, seed=5)
    with pytest.raises(UserError, match="the rows and settings from which ft:"):
        trained(root, tmp_path / "out")
    assert not (tmp_path / "out" / "model").exists()


def test_training_refuses_a_base_that_no_job_has_tuned(root: Path, tmp_path: Path) -> None:
    resolve(root=root, model=MODEL, params=read_project(root).models[MODEL].resolve)
    with pytest.raises(UserError, match="no job that has tuned it"):
        trained(root, tmp_path / "out")


def test_training_refuses_other_words_of_the_service(root: Path, tmp_path: Path) -> None:
    tuned(root)
    with (root / OWN / "resolve" / "hosted" / "events.jsonl").open("a") as stream:
        stream.write("{}\n")
    with pytest.raises(IntegrityError, match=r"is not what base\.json pins"):
        trained(root, tmp_path / "out")


def test_the_model_answers_and_is_not_asked_twice_where_it_remembers(
    root: Path, toy: ToyOpenAI, tmp_path: Path
) -> None:
    identity = tuned(root)
    model = predictor.load(trained(root, tmp_path / "out") / "model", identity)
    asked = read_frame(root / OWN / "split" / "test.parquet")
    answers = model.remembering().predict(asked["text"].tolist())
    assert (answers["prediction"] == asked["label"]).mean() > 0.9
    assert answers["confidence"].between(0, 1).all()
    assert all(question["temperature"] == 0 for question in toy.asked)
    number = len(toy.asked)
    model.remembering().predict(asked["text"].tolist())
    assert len(toy.asked) == number
    model.predict(asked["text"].tolist())
    assert len(toy.asked) == 2 * number, "a model that is served keeps nobody's questions"
    before = model.untuned().predict(asked["text"].tolist()[:1])
    assert before["prediction"].tolist() == ["I do not know."]


def test_a_registered_version_answers_with_the_key_from_the_environment(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = tuned(root)
    out = trained(root, tmp_path / "out")
    loaded = answering.load(out / "model", identity.as_dict())
    asked = pd.DataFrame({"text": ["print paper please"]})
    assert answering.answer(loaded, asked)["prediction"].tolist() == ["printer"]
    monkeypatch.delenv("TOY_KEY")
    with pytest.raises(UserError, match="TOY_KEY"):
        answering.answer(loaded, asked)
    other = identity.as_dict() | {"weights_sha256": "0" * 64}
    with pytest.raises(IntegrityError):
        answering.load(out / "model", other)


def evaluated(root: Path, out: Path) -> dict[str, Any]:
    """Evaluate what `trained` left, and return the metrics."""
    parts = Path("retune/modeling")
    behaviour.ensure(root, MODEL)
    evaluate(
        **{side: root / OWN / "split" / f"{side}.parquet" for side in ("train", "validation", "test", "lineage")},
        behaviour=behaviour.path_of(root, MODEL),
        model=out / "model",
        curve=out / "curve",
        base=root / OWN / "resolve" / "base.json",
        task_type=parts / "task_types" / "classification.py",
        family=parts / "families" / "hosted.py",
        method=parts / "methods" / "hosted.py",
        **{name: out / name for name in ("predictions", "metrics", "errors", "plots")},
        params=read_project(root).models[MODEL].evaluate,
    )
    found: dict[str, Any] = read_json(out / "metrics")
    return found


@pytest.mark.parametrize("logprobs", [True, False])
def test_a_hosted_model_is_evaluated_beside_the_model_before_tuning_and_each_answer_paid_once(
    root: Path, toy: ToyOpenAI, tmp_path: Path, logprobs: bool
) -> None:
    toy.gives_logprobs = logprobs
    tuned(root)
    out = trained(root, tmp_path / "out")
    metrics = evaluated(root, out)
    assert metrics["model"]["accuracy"]["value"] > 0.9
    assert set(metrics["floors"]) == {"untuned", "tfidf"}
    assert metrics["floors"]["untuned"]["accuracy"]["value"] == 0
    assert ("calibration" in metrics) == logprobs
    asked = len(toy.asked)
    assert evaluated(root, out) == metrics
    assert len(toy.asked) == asked
