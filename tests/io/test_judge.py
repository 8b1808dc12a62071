"""A judge behind a real server on this machine, with the faults that such servers have."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from retune.core.errors import UnavailableError, UserError
from retune.core.judge import Pair, verdict
from retune.io.judge import Endpoint, judge_pairs

MODEL = "judge-2026-05-01"
PAIRS = [Pair("1", "Which city?", "Lyon", "Paris"), Pair("2", "How many?", "twelve", "thirteen")]
SECRET = "key-that-nobody-may-see"


class Toy(ThreadingHTTPServer):
    """Answers by `rule`, and keeps what it was asked; `faults` come first."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.rule, self.faults = rule, list[Callable[[Handler], None]]()
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    def endpoint(self, **changes: Any) -> Endpoint:
        settings = {"key_variable": "", "timeout_seconds": 5.0, "attempts": 3, "pause_seconds": 0.01, **changes}
        return Endpoint(f"http://127.0.0.1:{self.server_port}/v1", MODEL, **settings)


class Handler(BaseHTTPRequestHandler):
    server: Toy

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append({"path": self.path, **body})
        self.server.headers.append(dict(self.headers))
        if self.server.faults:
            self.server.faults.pop(0)(self)
        else:
            self.say(completion(self.server.rule(body["messages"][1]["content"])))

    def say(self, found: Any, status: int = 200, **headers: str) -> None:
        sent = found if isinstance(found, bytes) else json.dumps(found).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(sent)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: Any) -> None:
        pass


def completion(text: str | None, model: str | None = MODEL, finish_reason: str = "stop") -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text}}
    return {"object": "chat.completion", "choices": [choice]} | ({} if model is None else {"model": model})


def likes_the_longer(told: str) -> str:
    answers = re.findall(r"Answer [AB]:\n=+\w+=+\n(.*)\n", told)
    return f"One says more.\nVerdict: {'A' if len(answers[0]) > len(answers[1]) else 'B'}"


def status(code: int, **headers: str) -> Callable[[Handler], None]:
    return lambda handler: handler.say({"error": {"message": f"no, {SECRET}"}}, code, **headers)


def says(found: Any) -> Callable[[Handler], None]:
    return lambda handler: handler.say(found)


def hangs(handler: Handler) -> None:
    time.sleep(1.0)


def drops(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"model"')


@pytest.fixture
def toy() -> Iterator[Toy]:
    server = Toy(likes_the_longer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.case("EV-4")
def test_each_pair_is_asked_in_both_orders_of_the_pinned_model(toy: Toy) -> None:
    found = judge_pairs(toy.endpoint(options={"temperature": 0, "model": "another"}), PAIRS)
    assert [one.vote for one in found] == ["second", "second"]
    assert [(one["path"], one["model"], one["temperature"]) for one in toy.asked] == [
        ("/v1/chat/completions", MODEL, 0)
    ] * 4
    first, turned = (one["messages"][1]["content"] for one in toy.asked[:2])
    assert first.index("Lyon") < first.index("Paris")
    assert turned.index("Paris") < turned.index("Lyon")


@pytest.mark.case("EV-4")
def test_a_judge_that_always_takes_the_first_answer_shows_nothing(toy: Toy) -> None:
    toy.rule = lambda _: "Verdict: A"
    found = judge_pairs(toy.endpoint(), PAIRS)
    assert [(one.vote, one.is_swayed) for one in found] == [("tie", True)] * 2


@pytest.mark.case("EV-4")
@pytest.mark.parametrize("model", ["judge", "judge-2026-09-01", None])
def test_a_reply_of_another_model_than_the_pinned_one_stops_all(toy: Toy, model: str | None) -> None:
    toy.faults = [says(completion("Verdict: A", model))]
    with pytest.raises(UserError, match=f"expected replies of the judge '{MODEL}'; found replies of {model!r}"):
        judge_pairs(toy.endpoint(), PAIRS)
    assert len(toy.asked) == 1


@pytest.mark.case("EV-3")
@pytest.mark.parametrize(
    "found",
    [
        b"<html>busy</html>",
        b"",
        [],
        {"error": "no tokens left"},
        completion(None),
        completion("Verdict: A", finish_reason="length"),
        completion("I like both"),
        {"model": MODEL, "choices": []},
        {"model": MODEL, "choices": "many"},
    ],
)
def test_a_reply_that_cannot_be_read_is_counted_and_decides_nothing(toy: Toy, found: Any) -> None:
    toy.faults = [says(found)]
    votes = judge_pairs(toy.endpoint(), PAIRS)
    assert [one.vote for one in votes] == ["unscored", "second"]
    assert len(toy.asked) == 4
    weighed = verdict(votes, most_unscored=0.4, alpha=0.05)
    assert (weighed.outcome, weighed.unscored) == ("no evidence", 1)


@pytest.mark.parametrize("fault", [status(500), status(429, Retry_After="0"), status(503), hangs, drops])
def test_what_passes_is_asked_again(toy: Toy, fault: Callable[[Handler], None]) -> None:
    toy.faults = [fault, fault]
    assert judge_pairs(toy.endpoint(timeout_seconds=0.2), PAIRS[:1])[0].vote == "second"
    assert len(toy.asked) == 4


def test_a_server_is_left_alone_as_long_as_it_asks(toy: Toy) -> None:
    toy.faults = [status(429, Retry_After="1")]
    started = time.monotonic()
    judge_pairs(toy.endpoint(), PAIRS[:1])
    assert time.monotonic() - started >= 1


def test_a_judge_that_never_answers_is_no_vote_but_an_error(toy: Toy) -> None:
    toy.faults = [status(503)] * 3
    with pytest.raises(UnavailableError, match=r"did not answer: status 503, 3 times"):
        judge_pairs(toy.endpoint(), PAIRS)
    assert len(toy.asked) == 3


def test_a_server_that_is_not_there_is_named(toy: Toy) -> None:
    gone = toy.endpoint()
    toy.server_close()
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1 did not answer: ConnectError"):
        judge_pairs(gone, PAIRS)


@pytest.mark.parametrize(
    ("code", "hint"), [(401, "valid"), (403, "may use|May the key"), (404, "served there"), (400, "log"), (302, "log")]
)
def test_a_refusal_says_what_to_look_at_and_repeats_no_secret(
    toy: Toy, code: int, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDGE_KEY", SECRET)
    toy.faults = [status(code, Location="http://127.0.0.1:9/v1")]
    with pytest.raises(UserError, match=f"status {code}.*({hint})") as caught:
        judge_pairs(toy.endpoint(key_variable="JUDGE_KEY"), PAIRS)
    assert SECRET not in str(caught.value)
    assert len(toy.asked) == 1


def test_the_key_comes_from_the_environment_and_must_be_there(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="JUDGE_KEY"):
        judge_pairs(toy.endpoint(key_variable="JUDGE_KEY"), PAIRS)
    monkeypatch.setenv("JUDGE_KEY", f"{SECRET}\n")
    judge_pairs(toy.endpoint(key_variable="JUDGE_KEY"), PAIRS[:1])
    assert {one["Authorization"] for one in toy.headers} == {f"Bearer {SECRET}"}


def test_a_key_never_travels_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", SECRET)
    endpoint = Endpoint("http://judge.example/v1", MODEL, "JUDGE_KEY", 1.0, 1, 0.0)
    with pytest.raises(UserError, match="https://"):
        judge_pairs(endpoint, PAIRS)


def test_what_needs_no_judge_is_not_sent(toy: Toy) -> None:
    found = judge_pairs(toy.endpoint(), [Pair("1", "Which city?", "Lyon", ""), Pair("2", "How many?", "six", "six")])
    assert [one.vote for one in found] == ["first", "tie"]
    assert toy.asked == []
