"""What is new is held against the champion's profile; each window is one run, and windows decide on a training."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from retune.core.drift import compare as drift
from retune.core.drift.finding import NOT_MEASURED
from retune.core.drift.rows import described
from retune.core.drift.sample import Sample
from retune.core.drift.trigger import Monitored
from retune.core.errors import UserError
from retune.core.frames import EXAMPLES, PROFILE, SEEN
from retune.core.hashing import hash64
from retune.core.params.redact import RedactParams
from retune.io import traffic
from retune.io.files import read_frame, read_json, write_frame
from retune.io.mlflow_store import default_uri
from retune.io.rule import TRIGGERED
from retune.io.tracking import Tracking
from retune.project import read_project
from tasks import monitor as step
from tasks.monitor import mark_triggered, monitor
from tasks.release import release
from tasks.track import track
from tests.core.drift import toys as drift_toys
from tests.toy_checkout import MODEL, train_toy

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
TOPICS = {"printer": "access", "badge": "access", "invoice": "billing"}
USUAL = ("printer", "badge", "printer", "badge", "invoice")
REDACT = RedactParams(recognizers=("email",), regions=("GB",), keep=())


def text_of(topic: str, place: int) -> str:
    rng = np.random.default_rng([place, len(topic)])
    return f"the {topic} " + " ".join(rng.choice([f"word{letter}" for letter in "abcdefghijklmnop"], 6, replace=False))


def toy_vectors(texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return a place for the topic of each text, with some noise of its own."""
    rngs = [np.random.default_rng(hash64(text) % 2**32) for text in texts]
    places = [np.random.default_rng(hash64(text.split()[1]) % 2**32).normal(size=8) for text in texts]
    return np.array(
        [place + rng.normal(scale=0.4, size=8) for place, rng in zip(places, rngs, strict=True)], np.float32
    )


def examples_of(topics: Sequence[str], start: int) -> pd.DataFrame:
    ids = range(start, start + len(topics))
    return pd.DataFrame(
        {
            "example_id": [f"x{place:05}" for place in ids],
            "text": [text_of(topic, place) for topic, place in zip(topics, ids, strict=True)],
            "context": "",
            "label": [TOPICS.get(topic, "access") for topic in topics],
            "document_id": [f"tickets:{place}" for place in ids],
            "explicit_id": True,
            "side": "",
            "builder": "table",
            "slices": '{"department": "it"}',
        }
    )


LEARNT = examples_of([USUAL[place % 5] for place in range(200)], 0)


@pytest.fixture
def watched(checkout: Path, tiny_base: Path, reload_here: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout with a champion that has a profile; nothing is new yet."""
    monkeypatch.setattr(step, "embed", toy_vectors)
    model = checkout / "artifacts" / "models" / MODEL
    sides = ["test" if place % 4 == 0 else "train" for place in range(len(LEARNT))]
    known = pd.concat([LEARNT.assign(side=sides), described(LEARNT["text"].tolist())], axis=1)
    known = known.assign(vector=list(toy_vectors(known["text"].tolist())), department="it")
    is_test = known["side"] == "test"
    known["prediction"] = known["label"].where(is_test, None)
    known["confidence"] = is_test.astype("float64").where(is_test) * 0.9
    known["correct"] = is_test.astype("float64").where(is_test)
    write_frame(model / "profile" / "profile.parquet", known, PROFILE)
    write_frame(model / "profile" / "seen.parquet", known, SEEN)
    arrive(checkout, [])
    train_toy(checkout, tiny_base, seed=1)
    track(root=checkout, model=MODEL)
    settings = read_project(checkout).models[MODEL].release
    release(root=checkout, model=MODEL, params=settings, cause="by hand", now=NOW)
    return checkout


def arrive(root: Path, topics: Sequence[str]) -> None:
    """Let examples of new documents lie there beside those that were learnt from."""
    found = pd.concat([LEARNT, examples_of(topics, 1000)])
    write_frame(root / "artifacts" / "models" / MODEL / "examples" / "examples.parquet", found, EXAMPLES)


def look(root: Path, *, hours: float = 0.0) -> Monitored:
    params = read_project(root).models[MODEL].monitor
    watch = {
        name: least for name, least in params.watch.items() if name not in ("quality", "predictions", "confidence")
    }
    small = params.model_copy(update={"permutations": 999, "topics": 4, "watch": watch})  # the toy answers by its bias
    return monitor(root=root, model=MODEL, params=small, now=NOW + timedelta(hours=hours), cause="by hand")


def usual(count: int) -> list[str]:
    return [USUAL[place % 5] for place in range(count)]


@pytest.mark.case("DR-6")
def test_without_news_there_is_a_run_that_says_so_and_no_training(watched: Path) -> None:
    found = look(watched)
    assert [(one.source, one.verdict, one.rows) for one in found.windows] == [("documents", "not enough data", 0)]
    assert "0 different texts in the window; at least 50 are needed" in found.windows[0].why
    assert (found.version, found.retrain) == ("1", False)


def test_more_of_the_same_is_steady(watched: Path) -> None:
    arrive(watched, usual(80))
    found = look(watched)
    assert (found.windows[0].verdict, found.retrain) == ("steady", False)


def test_a_window_is_one_run_with_its_numbers_its_page_and_the_documents_that_moved(
    watched: Path, tmp_path: Path
) -> None:
    arrive(watched, usual(60) + ["crane"] * 30)
    found = look(watched).windows[0]
    tracking = Tracking(default_uri(watched))
    run = tracking.client.get_run(found.run_id)
    tags, metrics = run.data.tags, run.data.metrics
    assert (found.verdict, found.rows) == ("drift", 90)
    assert (tags["retune.kind"], tags["retune.source"], tags["retune.version"]) == ("window", "documents", "1")
    assert (tags["retune.verdict"], tags["retune.at"], tags["retune.cause"]) == ("drift", NOW.isoformat(), "by hand")
    assert metrics["p/topics"] < 0.01
    assert metrics["effect/topics"] > 0.1
    assert metrics["rows/window"] == 90
    files = Path(tracking.client.download_artifacts(found.run_id, "", str(tmp_path)))
    moved = read_frame(files / "rows" / "moved.parquet")
    cranes = {f"tickets:{place}" for place in range(1060, 1090)}
    assert cranes <= set(moved.loc[moved["aspect"] == "topics", "document_id"])
    assert "crane" in found.why
    page = (files / "report.html").read_text()
    assert "<svg" in page
    assert "crane" in page
    assert "wordq" not in page
    assert "tickets:" not in json.dumps(read_json(files / "drift.json"))


def test_the_same_window_is_measured_once_and_another_anew(watched: Path) -> None:
    arrive(watched, usual(60))
    first, again = look(watched).windows[0], look(watched, hours=5).windows[0]
    assert first == again
    arrive(watched, usual(61))
    assert look(watched, hours=6).windows[0].run_id != first.run_id


@pytest.mark.case("DR-4", "DR-5")
def test_two_drifting_windows_start_one_training_and_a_later_one_waits_for_the_next_two(watched: Path) -> None:
    arrive(watched, ["crane"] * 60)
    first = look(watched)
    assert (first.retrain, first.asked_by) == (False, "")
    arrive(watched, ["crane"] * 70)
    second = look(watched, hours=1)
    assert (second.retrain, second.asked_by) == (True, second.windows[0].run_id)
    assert look(watched, hours=1.5).retrain  # nobody acted on it: a crash before the mark loses nothing
    mark_triggered(watched, MODEL, second.asked_by, NOW + timedelta(hours=2))
    assert not look(watched, hours=2.5).retrain
    for hour in (3, 4, 5):
        arrive(watched, ["crane"] * (70 + hour))
        held = look(watched, hours=hour)
        assert (held.windows[0].verdict, held.retrain) == ("drift", False)
    assert "1 of 1 trainings in 24 hours" in held.why
    assert look(watched, hours=27).retrain


def test_a_new_champion_starts_with_no_windows(watched: Path, tiny_base: Path) -> None:
    for count in (60, 70):
        arrive(watched, ["crane"] * count)
        assert look(watched).retrain == (count == 70)
    train_toy(watched, tiny_base, seed=2, strength=2.0, answers="billing")
    second = track(root=watched, model=MODEL)
    Tracking(default_uri(watched)).client.set_registered_model_alias(MODEL, "champion", second.version)
    found = look(watched, hours=1)
    assert (found.version, found.windows[0].verdict, found.retrain) == ("2", "drift", False)


def log_traffic(root: Path, folder: Path, topics: Sequence[str], at: datetime) -> None:
    settings = yaml.safe_load((root / "params.yaml").read_text())
    settings["traffic"]["uri"] = str(folder)
    (root / "params.yaml").write_text(yaml.safe_dump(settings))
    texts = [text_of(topic, place + 5000) for place, topic in enumerate(topics)]
    rows = pd.DataFrame({"text": texts, "prediction": "access", "confidence": 0.9})
    traffic.append(str(folder), MODEL, "1", rows, redact=REDACT, at=at)


def test_live_traffic_is_a_window_of_its_own_and_says_what_it_cannot_measure(watched: Path, tmp_path: Path) -> None:
    log_traffic(watched, tmp_path / "traffic", usual(40) + ["crane"] * 40, NOW - timedelta(days=3))
    found = {one.source: one for one in look(watched).windows}
    assert found["documents"].verdict == "not enough data"
    assert (found["traffic"].verdict, found["traffic"].rows) == ("drift", 80)
    assert "labels (the window has no label)" in found["traffic"].why


def test_traffic_older_than_the_window_does_not_count(watched: Path, tmp_path: Path) -> None:
    log_traffic(watched, tmp_path / "traffic", ["crane"] * 80, NOW - timedelta(days=120))
    assert look(watched).windows[1].verdict == "not enough data"


def test_without_a_champion_there_is_nothing_to_watch(checkout: Path) -> None:
    found = look(checkout)
    assert (found.version, found.windows, found.retrain) == ("", (), False)
    assert "no champion" in found.why


def test_a_champion_without_a_profile_is_refused_with_what_to_do(
    checkout: Path, tiny_base: Path, reload_here: None
) -> None:
    train_toy(checkout, tiny_base, seed=1)
    track(root=checkout, model=MODEL)
    settings = read_project(checkout).models[MODEL].release
    release(root=checkout, model=MODEL, params=settings, cause="by hand", now=NOW)
    with pytest.raises(UserError, match="the profile of version 1; found none in its run"):
        look(checkout)


def test_only_the_run_of_a_window_can_be_marked(watched: Path) -> None:
    found = look(watched).windows[0]
    mark_triggered(watched, MODEL, found.run_id, NOW)
    tracking = Tracking(default_uri(watched))
    assert tracking.client.get_run(found.run_id).data.tags[TRIGGERED] == NOW.isoformat()
    training = tracking.finished({"retune.kind": "training"})[0].info.run_id
    with pytest.raises(UserError, match="the run of a window"):
        mark_triggered(watched, MODEL, training, NOW)


@pytest.mark.parametrize(
    ("target", "missing"),
    [("label", set()), ("labels", set()), ("entities", {"labels", "predictions"}),
     ("text", {"labels", "predictions", "quality"})],
)  # fmt: skip
def test_aspects_that_say_nothing_of_the_answers_are_left_out_and_named(target: str, missing: set[str]) -> None:
    rows = {"known": drift_toys.rows(80, 1), "met": drift_toys.rows(60, 2)}
    params = drift_toys.params(
        watch={"labels": 0.1, "predictions": 0.1, "quality": 0.1, "length": 0.1}, permutations=999
    )
    known, met = (step.told_of(target, frame) for frame in rows.values())
    report = drift.compare(known, Sample(met, 0, 0), params)
    assert {one.name for one in report.aspects if one.state == NOT_MEASURED} == missing
    assert all(f"{name} (the reference has no" in report.why for name in missing)
