"""A job is sent once, taken up after a kill, cancelled when a person stops us, and its words are kept."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from retune.core.errors import UserError
from retune.core.hosted import Order
from retune.core.hosted_model import Endpoint
from retune.io import cache, hosted
from retune.io.providers import openai as provider
from tests.conftest import CHECKOUT
from tests.io.toy_openai import BASES, KEY, Fault, ToyOpenAI, serving

pytest.importorskip("openai", reason="the extra `hosted` is not installed")
TRAIN = b'{"messages": [{"role": "user", "content": "printer"}, {"role": "assistant", "content": "it"}]}\n'
VALIDATION = TRAIN.replace(b"printer", b"screen")
ORDER = Order(BASES[0], TRAIN, VALIDATION, 3, "router", 2, "auto", "auto")


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ToyOpenAI]:
    monkeypatch.setenv("TOY_KEY", KEY)
    monkeypatch.setenv(cache.STATE_VARIABLE, str(tmp_path / "state"))
    monkeypatch.setattr(hosted, "FIRST_PAUSE_SECONDS", 0.01)
    with serving() as server:
        yield server


def bench(toy: ToyOpenAI, said: list[str] | None = None, *, wait_hours: float = 1.0) -> hosted.Bench:
    endpoint = Endpoint("openai", toy.url, "TOY_KEY")
    say = (said if said is not None else []).append
    service = provider.connect(endpoint)
    return hosted.Bench(service, ORDER.key(endpoint), "ticket-router", 0.01, wait_hours, False, say)


def test_a_job_is_followed_to_its_model_and_every_event_is_said_and_written_once(toy: ToyOpenAI) -> None:
    said: list[str] = []
    following = bench(toy, said)
    assert hosted.find(following) is None
    job, events = hosted.follow(following, hosted.send(following, ORDER))
    assert job.model.startswith("ft:gpt-toy")
    assert said[0] == "1 rows to train on and 1 to validate with were sent"
    told = said[said.index("Created fine-tuning job") :]
    assert told == ["Created fine-tuning job", "Step 1/3", "Step 2/3", "Step 3/3",
                    "The job has successfully completed"]  # fmt: skip
    assert [event.message for event in events[:-1]] == told
    assert events[-1].data["full_valid_loss"] == 0.55  # of the checkpoint
    lines = (following.work / hosted.JOURNAL).read_text().splitlines()
    assert [json.loads(line)["message"] for line in lines] == told


def test_the_same_rows_are_never_sent_twice(toy: ToyOpenAI) -> None:
    hosted.follow(bench(toy), hosted.send(bench(toy), ORDER))
    found = hosted.find(bench(toy))
    assert found is not None
    assert found.status == "succeeded"
    assert hosted.follow(bench(toy), found)[0].model == found.model
    assert (len(toy.jobs), len(toy.contents)) == (1, 2)


@pytest.mark.parametrize("filters", [True, False])
def test_a_checkout_that_forgot_the_job_finds_it_in_the_list_of_the_service(toy: ToyOpenAI, filters: bool) -> None:
    first = hosted.send(bench(toy), ORDER)
    toy.filters_jobs = filters
    toy.jobs["ftjob-0001"] = {**toy.jobs[first.id], "id": "ftjob-0001", "metadata": {"retune_key": "of others"}}
    (bench(toy).work / hosted.RECORD).unlink()
    found = hosted.find(bench(toy))
    assert found is not None
    assert found.id == first.id


def test_a_job_whose_answer_was_lost_is_found_and_not_sent_again(toy: ToyOpenAI) -> None:
    toy.faults.append(Fault("POST", "/fine_tuning/jobs", after=True))
    job = hosted.send(bench(toy), ORDER)
    assert list(toy.jobs) == [job.id]
    assert toy.requests["POST /fine_tuning/jobs"] == 1


def test_a_server_without_metadata_is_asked_for_the_uploaded_file(toy: ToyOpenAI) -> None:
    toy.faults.append(Fault("POST", "/fine_tuning/jobs", after=True))
    toy.keeps_metadata = False
    job = hosted.send(bench(toy), ORDER)
    assert list(toy.jobs) == [job.id]


def test_a_busy_service_is_asked_again_later(toy: ToyOpenAI) -> None:
    said: list[str] = []
    toy.faults += [Fault("POST", "/fine_tuning/jobs", 429, {"Retry-After": "0.01"}), Fault("POST", "/fine_tuning/jobs")]
    hosted.send(bench(toy, said), ORDER)
    assert len(toy.jobs) == 1
    assert any("429" in line for line in said)


@pytest.mark.parametrize("again", ["failed", "cancelled"])
def test_after_a_failed_or_cancelled_job_the_rows_are_sent_anew(toy: ToyOpenAI, again: str) -> None:
    following = bench(toy)
    job = hosted.send(following, ORDER)
    toy.jobs[job.id]["status"] = again
    assert hosted.find(following) is None
    assert hosted.send(following, ORDER).id == "ftjob-0001"
    assert hosted.find(following).id == "ftjob-0001"  # type: ignore[union-attr]


@pytest.mark.case("HB-4")
def test_a_failed_job_ends_with_the_reason_of_the_provider(toy: ToyOpenAI) -> None:
    toy.fails_with = "Line 7 has no assistant message."
    said: list[str] = []
    with pytest.raises(hosted.JobFailedError, match=r"job ftjob-0000 failed: Line 7 has no assistant message\."):
        hosted.follow(bench(toy, said), hosted.send(bench(toy), ORDER))
    assert "error: Line 7 has no assistant message." in said


def test_a_slow_job_goes_on_when_we_stop_waiting_and_is_taken_up(toy: ToyOpenAI) -> None:
    toy.is_slow = True
    with pytest.raises(hosted.JobRunsError, match=r"is still (queued|running) after 1e-05 hours; it goes on"):
        hosted.follow(bench(toy, wait_hours=0.00001), hosted.send(bench(toy), ORDER))
    assert toy.requests["POST /fine_tuning/jobs/ftjob-0000/cancel"] == 0
    toy.is_slow = False
    found = hosted.find(bench(toy))
    assert found is not None
    assert hosted.follow(bench(toy), found)[0].status == "succeeded"


def test_ctrl_c_cancels_the_job(toy: ToyOpenAI) -> None:
    toy.is_slow = True
    said: list[str] = []
    job = hosted.send(bench(toy), ORDER)
    threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        hosted.follow(bench(toy, said), job)
    assert toy.jobs[job.id]["status"] == "cancelled"
    assert said[-1] == f"stopped: job {job.id} was cancelled"


FOLLOWING = """
import sys
from pathlib import Path
from retune.core.hosted_model import Endpoint
from retune.io import hosted
from retune.io.providers import openai as provider
from tests.io.test_hosted import ORDER

endpoint = Endpoint("openai", sys.argv[1], "TOY_KEY")
bench = hosted.Bench(provider.connect(endpoint), ORDER.key(endpoint), "m", 0.01, 1.0, False, print)
hosted.follow(bench, hosted.find(bench) or hosted.send(bench, ORDER))
"""


def started(toy: ToyOpenAI) -> subprocess.Popen[str]:
    """Start a process that follows a job, and return it once it has looked at the running job."""
    command, look = [sys.executable, "-c", FOLLOWING, toy.url], "GET /fine_tuning/jobs/ftjob-0000"
    looks = toy.requests[look]
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, text=True)
    until = time.monotonic() + 60
    while toy.requests[look] < looks + 5:
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    return process


@pytest.mark.slow
def test_sigterm_cancels_the_job_and_kill_leaves_it_to_the_next_run(toy: ToyOpenAI) -> None:
    toy.is_slow = True
    process = started(toy)
    process.kill()
    process.wait()
    assert toy.jobs["ftjob-0000"]["status"] == "running"
    process = started(toy)  # it takes up the job
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == hosted.STOPPED
    assert {name: job["status"] for name, job in toy.jobs.items()} == {"ftjob-0000": "cancelled"}
    assert len(toy.contents) == 2


def test_the_rows_are_deleted_at_the_service_however_the_job_ended(toy: ToyOpenAI) -> None:
    said: list[str] = []
    toy.faults.append(Fault("DELETE", "/files/.*", 400))
    hosted.follow(bench(toy, said), hosted.send(bench(toy), ORDER))
    assert len(toy.files) == 1
    assert "stays with the service" in said[-1]
    toy.files.clear()
    toy.jobs.clear()
    (bench(toy).work / hosted.RECORD).unlink()
    toy.fails_with = "Line 7"
    with pytest.raises(hosted.JobFailedError):
        hosted.follow(bench(toy), hosted.send(bench(toy), ORDER))
    assert toy.files == {}
    with pytest.raises(UserError, match="does not exist"):
        hosted.send(bench(toy), replace(ORDER, model="no-such"))
    assert toy.files == {}


def test_rows_stay_there_where_that_is_asked_for(toy: ToyOpenAI) -> None:
    following = replace(bench(toy), keep_files=True)
    hosted.follow(following, hosted.send(following, ORDER))
    assert len(toy.files) == 2


def test_a_service_that_is_away_for_a_while_stops_no_waiting(toy: ToyOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "RETRIES", 0)
    said: list[str] = []
    job = hosted.send(bench(toy), ORDER)
    toy.faults += [Fault("GET", f"/fine_tuning/jobs/{job.id}", 503), Fault("GET", f"/fine_tuning/jobs/{job.id}/events")]
    assert hosted.follow(bench(toy, said), job)[0].status == "succeeded"
    assert sum("Run again later" in line for line in said) == 2


def test_a_job_that_was_paused_is_said_and_waited_for(toy: ToyOpenAI) -> None:
    job = hosted.send(bench(toy), ORDER)
    toy.jobs[job.id]["status"] = "paused"
    said: list[str] = []
    threading.Timer(0.3, toy.jobs[job.id].update, [{"status": "queued"}]).start()
    assert hosted.follow(bench(toy, said), job)[0].status == "succeeded"
    assert [line for line in said if "paused" in line] == [
        f"job {job.id} is paused at the service; it goes on when somebody resumes it there"
    ]
