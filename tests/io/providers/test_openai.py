"""The official client against a server on loopback that keeps to the API, and fails as real ones do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from retune.core.errors import UnavailableError, UserError
from retune.core.hosted import BusyError, Order, Question, Service
from retune.core.hosted_model import Endpoint
from retune.io import cache
from retune.io.providers import openai as provider
from tests.io.toy_openai import BASES, KEY, Fault, ToyOpenAI, serving

pytest.importorskip("openai", reason="the extra `hosted` is not installed")
ROWS = b'{"messages": [{"role": "user", "content": "printer"}, {"role": "assistant", "content": "it"}]}\n'
SOON = {"retry-after-ms": "10"}


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ToyOpenAI]:
    monkeypatch.setenv("TOY_KEY", KEY)
    monkeypatch.setenv(cache.STATE_VARIABLE, str(tmp_path / "state"))
    with serving() as server:
        yield server


def connected(toy: ToyOpenAI) -> Service:
    return provider.connect(Endpoint("openai", toy.url, "TOY_KEY"))


def order(**changes: object) -> Order:
    values: dict[str, object] = {
        "model": BASES[0], "train": ROWS, "validation": ROWS, "seed": 3, "suffix": "router", "epochs": 2,
        "batch_size": "auto", "learning_rate_multiplier": 0.5,
    }  # fmt: skip
    return Order(**{**values, **changes})  # type: ignore[arg-type]


def sent(service: Service, **changes: object) -> str:
    files = (service.upload("train.jsonl", ROWS), service.upload("validation.jsonl", ROWS))
    return service.create(order(**changes), files, {"retune_key": "k"}).id


def question(text: str, **changes: object) -> Question:
    values: dict[str, object] = {"messages": (("user", text),), "most_tokens": 20, "with_confidence": True}
    return Question(**{**values, **changes})  # type: ignore[arg-type]


def finished(service: Service, job: str) -> str:
    while not (found := service.job(job)).has_ended:
        pass
    assert found.status == "succeeded", found
    return found.model


@pytest.mark.case("HB-1")
def test_a_job_is_created_listed_followed_and_becomes_a_model_of_its_suffix(toy: ToyOpenAI) -> None:
    service = connected(toy)
    job = sent(service)
    assert toy.jobs[job]["seed"] == 3
    assert toy.jobs[job]["hyperparameters"] == {"n_epochs": 2, "batch_size": "auto", "learning_rate_multiplier": 0.5}
    assert [one.id for one in service.jobs({"retune_key": "k"})] == [job]
    assert service.jobs({"retune_key": "another"}) == []
    name = finished(service, job)
    assert name.startswith(f"ft:{BASES[0]}:toy-org:router:")
    events = service.events(job, ())
    assert events[0].message == "Created fine-tuning job"
    assert [event.data["train_loss"] for event in events if event.data] == [1.5, 0.75, 0.5]
    assert service.events(job, {event.id for event in events[:-1]}) == events[-1:]
    assert service.checkpoints(job)[0].data["full_valid_loss"] == 0.55
    done = service.job(job)
    assert (done.billed_tokens, done.finished_at, done.training_file) == (1234, 1_790_000_060, "file-0000")


@pytest.mark.case("HB-1")
def test_what_the_api_limits_is_refused_with_the_words_of_the_server(toy: ToyOpenAI) -> None:
    service = connected(toy)
    with pytest.raises(UserError, match="suffix: at most 64 characters"):
        sent(service, suffix="s" * 65)
    with pytest.raises(UserError, match=r"The model `no-such` does not exist"):
        sent(service, model="no-such")
    files = (service.upload("train.jsonl", ROWS), service.upload("validation.jsonl", ROWS))
    with pytest.raises(UserError, match="at most 16 pairs"):
        service.create(order(), files, {str(number): "" for number in range(17)})
    assert toy.jobs == {}


@pytest.mark.case("HB-1")
def test_a_paused_job_goes_on_and_a_cancelled_one_has_ended(toy: ToyOpenAI) -> None:
    service = connected(toy)
    job = sent(service)
    service.client.fine_tuning.jobs.pause(job)  # type: ignore[attr-defined]
    assert (service.job(job).status, service.job(job).has_ended) == ("paused", False)
    service.client.fine_tuning.jobs.resume(job)  # type: ignore[attr-defined]
    assert service.job(job).status == "queued"
    service.cancel(job)
    assert (service.job(job).status, service.job(job).has_ended) == ("cancelled", True)
    service.cancel(job)  # a second time is no error


@pytest.mark.case("HB-3")
def test_an_earlier_tuned_model_is_continued(toy: ToyOpenAI) -> None:
    service = connected(toy)
    first = finished(service, sent(service))
    again = finished(service, sent(service, model=first, train=ROWS, suffix="further"))
    assert again.startswith(f"ft:{BASES[0]}:toy-org:further:")
    assert toy.jobs["ftjob-0001"]["model"] == first


@pytest.mark.case("HB-4")
def test_a_failed_job_keeps_the_text_of_the_provider(toy: ToyOpenAI) -> None:
    service, toy.fails_with = connected(toy), "Line 7 has no assistant message."
    found = service.job(sent(service))
    assert (found.status, found.error) == ("failed", "Line 7 has no assistant message. (invalid_training_file)")


@pytest.mark.case("HB-4")
def test_the_day_on_which_a_model_shuts_down_is_the_providers(toy: ToyOpenAI) -> None:
    toy.shutdown[BASES[0]] = "2027-01-06"
    assert connected(toy).shutdown_date(BASES[0]) == date(2027, 1, 6)
    assert connected(toy).shutdown_date(BASES[1]) is None
    assert connected(toy).shutdown_date("of-another-server") is None


@pytest.mark.parametrize("fault", [429, 500, 503, 0])
def test_what_may_pass_is_asked_again(toy: ToyOpenAI, fault: int) -> None:
    service = connected(toy)
    job = sent(service)
    headers = {"retry-after": "0.01"} if fault == 429 else SOON
    toy.faults += [Fault("GET", r"/fine_tuning/jobs/[^/]+", fault, headers) for _ in range(2)]
    assert service.job(job).id == job
    assert toy.requests[f"GET /fine_tuning/jobs/{job}"] == 3


def test_a_server_that_stays_busy_is_an_error_that_says_when_to_come_again(toy: ToyOpenAI) -> None:
    service = connected(toy)
    toy.faults += [Fault("GET", "/fine_tuning/jobs/j", 429, {"retry-after": "600"})]  # longer than the client waits
    with pytest.raises(BusyError, match="429: toy fault 429") as caught:
        service.job("j")
    assert caught.value.seconds == 600


def test_a_job_is_not_created_twice_by_a_dropped_connection(toy: ToyOpenAI) -> None:
    service = connected(toy)
    toy.faults.append(Fault("POST", "/fine_tuning/jobs", after=True))
    with pytest.raises(UnavailableError, match="did not answer to the job on gpt-toy"):
        sent(service)
    assert len(toy.jobs) == 1


def test_a_wrong_key_is_said_without_the_key(toy: ToyOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_KEY", "sk-of-somebody-else")
    with pytest.raises(UserError, match="Is TOY_KEY the right key") as caught:
        connected(toy).job("j")
    assert "sk-of-somebody-else" not in str(caught.value)
    monkeypatch.delenv("TOY_KEY")
    with pytest.raises(UserError, match="in the environment variable TOY_KEY"):
        connected(toy)


def test_a_redirect_is_not_followed(toy: ToyOpenAI) -> None:
    with serving() as other:
        toy.faults.append(Fault("POST", "/files", 307, {"Location": f"{other.url}/files"}))
        with pytest.raises(UserError, match="307"):
            connected(toy).upload("train.jsonl", ROWS)
        assert not other.requests


@pytest.mark.case("LN-3")
def test_files_are_listed_by_name_and_files_and_models_deleted_once(toy: ToyOpenAI) -> None:
    service = connected(toy)
    name = finished(service, sent(service))
    assert service.files() == {"file-0000": "train.jsonl", "file-0001": "validation.jsonl"}
    service.delete_file("file-0000")
    service.delete_file("file-0000")
    service.delete_model(name)
    service.delete_model(name)
    assert (list(toy.files), toy.learnt) == (["file-0001"], {})
    toy.faults.append(Fault("DELETE", "/models/.*", 403))
    with pytest.raises(UserError, match="may it do this"):
        service.delete_model(name)


def test_a_question_is_answered_at_temperature_0_with_the_probability_of_the_answer(toy: ToyOpenAI) -> None:
    service = connected(toy)
    name = finished(service, sent(service))
    answers = service.answers(name, [question("printer"), question("printer")], at_once=2, keep=False)
    assert [answer.text for answer in answers] == ["it", "it"]
    assert answers[0].confidence == pytest.approx(math.exp(-0.1))
    assert (toy.asked[0]["temperature"], toy.asked[0]["max_completion_tokens"]) == (0, 20)
    assert len(toy.asked) == 1  # equal questions are one
    toy.gives_logprobs = False
    assert service.answers(name, [question("x")], at_once=1, keep=False)[0].confidence is None
    assert service.answers(name, [question("y", with_confidence=False)], at_once=1, keep=False)[0].confidence is None
    assert "logprobs" not in toy.asked[-1]


def test_kept_answers_are_not_asked_for_again_and_a_damaged_one_is(toy: ToyOpenAI) -> None:
    questions = [question(f"number {number}") for number in range(20)]
    first = connected(toy).answers(BASES[0], questions, at_once=8, keep=True)
    assert len(toy.asked) == 20
    assert connected(toy).answers(BASES[0], questions, at_once=8, keep=True) == first
    assert len(toy.asked) == 20
    one = next((cache.state() / "cache" / "answers").rglob("*.json"))
    one.write_bytes(one.read_bytes().replace(b"know", b"knew"))
    assert connected(toy).answers(BASES[0], questions, at_once=8, keep=True) == first
    assert len(toy.asked) == 21
    connected(toy).answers(BASES[1], questions, at_once=8, keep=True)
    assert len(toy.asked) == 41  # of another model


def test_answers_that_came_before_an_error_are_kept(toy: ToyOpenAI) -> None:
    questions = [question(f"number {number}") for number in range(6)]
    toy.faults.append(Fault("POST", "/chat/completions", 400))
    with pytest.raises(UserError, match="400: toy fault 400"):
        connected(toy).answers(BASES[0], questions, at_once=1, keep=True)
    before = len(toy.asked)
    connected(toy).answers(BASES[0], questions, at_once=1, keep=True)
    assert len(toy.asked) == 6
    assert before <= 6


def test_a_question_that_is_refused_by_its_content_has_no_answer(toy: ToyOpenAI) -> None:
    answers = connected(toy).answers(BASES[0], [question("forbidden"), question("other")], at_once=2, keep=False)
    assert [answer.text for answer in answers] == ["", "I do not know."]
