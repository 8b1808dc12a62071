"""A server on loopback that keeps to OpenAI's API: files, fine-tuning jobs, models and chat completions, with faults.

A job "learns" its training file by heart: its model answers a prompt by the completion of the learnt prompt that shares
most rare words with it. Anybody else's model says that it does not know.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

KEY = "sk-toy-0123456789"
BASES = ("gpt-toy-2026-01-01", "gpt-old-2020-01-01")
CLOCK = 1_790_000_000  # Unix seconds: 2026-09-21
STEPS = 3
SLOW = 2  # looks after which a slow job stays as it is
ENDS = ("succeeded", "failed", "cancelled")


@dataclass
class Fault:
    """What happens to the next request of a kind instead of, or after, its answer."""

    method: str
    path: str  # a regular expression
    status: int = 0  # 0: the connection is dropped
    headers: dict[str, str] = field(default_factory=dict)
    after: bool = False  # the server does what was asked, and only the answer is lost


class ToyOpenAI:
    """What the server keeps, and what tests may look at or set."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.learnt: dict[str, dict[str, str]] = {}
        self.requests: Counter[str] = Counter()
        self.asked: list[dict[str, Any]] = []
        self.faults: list[Fault] = []
        self.fails_with = ""  # the reason that the next jobs fail with
        self.is_slow = False  # jobs stay running
        self.shutdown: dict[str, str] = {}  # model -> ISO date
        self.gives_logprobs = True
        self.filters_jobs = True
        self.keeps_metadata = True
        self.lock = threading.RLock()
        self.url = ""

    def event(self, job: dict[str, Any], message: str, level: str = "info", **data: Any) -> None:
        """Tell something of a job, or measure something."""
        told = self.events.setdefault(job["id"], [])
        told.append(
            {
                "object": "fine_tuning.job.event", "id": f"ftevent-{job['id']}-{len(told):03}",
                "created_at": CLOCK + len(told), "level": level, "message": message,
                "type": "metrics" if data else "message", "data": data,
            }
        )  # fmt: skip

    def advance(self, job: dict[str, Any]) -> None:
        """Let a job come one step further each time that somebody looks at it."""
        if job["status"] in (*ENDS, "paused") or (self.is_slow and job["_looks"] == SLOW):
            return
        job["_looks"] += 1
        step = job["_looks"] - 1
        if self.fails_with:
            job.update(status="failed", finished_at=CLOCK + 50)
            job["error"] = {"code": "invalid_training_file", "message": self.fails_with, "param": "training_file"}
            self.event(job, self.fails_with, "error")
        elif step > STEPS:
            self.finish(job)
        else:
            job["status"] = "running" if step else "queued"
            if step:
                self.event(
                    job, f"Step {step}/{STEPS}", step=step, train_loss=1.5 / step, train_mean_token_accuracy=0.5,
                    valid_loss=1.6 / step, total_steps=STEPS,
                )  # fmt: skip

    def finish(self, job: dict[str, Any]) -> None:
        """Let a job succeed."""
        base = job["model"].split(":")[1] if job["model"].startswith("ft:") else job["model"]
        name = f"ft:{base}:toy-org:{job['_suffix']}:{job['id'][-4:]}"
        rows = [json.loads(line) for line in self.contents[job["training_file"]].splitlines()]
        pairs = {asked(row["messages"][:-1]): row["messages"][-1]["content"] for row in rows}
        self.learnt[name] = {**self.learnt.get(job["model"], {}), **pairs}
        job.update(status="succeeded", fine_tuned_model=name, finished_at=CLOCK + 60, trained_tokens=1234)
        self.event(job, "The job has successfully completed")

    def answer(self, model: str, messages: list[dict[str, str]]) -> str:
        """Answer as a model that knows its rows by heart."""
        known = self.learnt.get(model)
        if not known:
            return "I do not know."
        common = Counter(word for prompt in known for word in words_of(prompt))
        words = words_of(asked(messages))

        def likeness(prompt: str) -> float:
            return sum(1 / common[word] for word in words & words_of(prompt))

        return known[max(sorted(known), key=likeness)]


def words_of(text: str) -> set[str]:
    """Return the different words of a text."""
    return set(re.findall(r"\w+", text.lower()))


def asked(messages: list[dict[str, str]]) -> str:
    """Return the last thing that a user said."""
    return [message["content"] for message in messages if message["role"] == "user"][-1]


class RefusalError(Exception):
    """A request that the server does not accept."""

    def __init__(self, status: int, message: str, code: str = "invalid_request") -> None:
        self.status, self.body = status, {"error": {"message": message, "type": "toy_error", "code": code}}


class Handler(BaseHTTPRequestHandler):
    """One connection to the server."""

    toy: ClassVar[ToyOpenAI]
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # headers and body in one packet: in two, each answer waits 40 ms for an acknowledgement

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        place = urlsplit(self.path)
        path = place.path.removeprefix("/v1")
        toy = self.toy
        with toy.lock:
            toy.requests[f"{self.command} {path}"] += 1
            fault = next((one for one in toy.faults if self._is_for(one, path)), None)
            if fault is not None:
                toy.faults.remove(fault)
                if not fault.after:
                    self._fail(fault)
                    return
            try:
                status, found = 200, self._routed(path, parse_qs(place.query), body)
            except RefusalError as refusal:
                status, found = refusal.status, refusal.body
        if fault is not None:
            self._fail(fault)
            return
        self._send(status, found, {})

    def _is_for(self, fault: Fault, path: str) -> bool:
        return fault.method == self.command and re.fullmatch(fault.path, path) is not None

    def _fail(self, fault: Fault) -> None:
        if not fault.status:
            self.close_connection = True
            self.connection.shutdown(2)
            return
        said = {"error": {"message": f"toy fault {fault.status}", "type": "toy", "code": "toy"}}
        self._send(fault.status, said, fault.headers)

    def _send(self, status: int, value: Any, headers: dict[str, str]) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)

    def _routed(self, path: str, query: dict[str, list[str]], body: bytes) -> Any:
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            raise RefusalError(401, "Incorrect API key provided", "invalid_api_key")
        kind = self.headers.get("Content-Type", "")
        if path == "/files" and self.command == "POST":
            return upload(self.toy, kind, body)
        value = json.loads(body) if body else {}
        for method, pattern, act in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and method == self.command:
                return act(self.toy, *match.groups(), query=query, value=value)
        raise RefusalError(404, f"Unknown request {self.command} {path}")


def upload(toy: ToyOpenAI, kind: str, body: bytes) -> Any:
    form = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    parts = {part.get_param("name", header="content-disposition"): part for part in form.iter_parts()}
    content: Any = parts["file"].get_payload(decode=True)
    if parts["purpose"].get_payload(decode=True) != b"fine-tune":
        raise RefusalError(400, "Purpose must be fine-tune")
    name = f"file-{len(toy.contents):04}"
    toy.contents[name] = content
    toy.files[name] = {
        "object": "file", "id": name, "bytes": len(content), "created_at": CLOCK, "status": "processed",
        "filename": parts["file"].get_filename(), "purpose": "fine-tune",
    }  # fmt: skip
    return toy.files[name]


def delete_file(toy: ToyOpenAI, name: str, **_: Any) -> Any:
    if toy.files.pop(name, None) is None:
        raise RefusalError(404, f"No such File object: {name}")
    return {"object": "file", "id": name, "deleted": True}


def delete_model(toy: ToyOpenAI, name: str, **_: Any) -> Any:
    if toy.learnt.pop(name, None) is None:
        raise RefusalError(404, f"The model {name} does not exist", "model_not_found")
    return {"object": "model", "id": name, "deleted": True}


def create(toy: ToyOpenAI, value: dict[str, Any], **_: Any) -> Any:
    metadata, method = value.get("metadata") or {}, value.get("method") or {"type": "supervised"}
    if value["model"] not in (*BASES, *toy.learnt):
        raise RefusalError(404, f"The model `{value['model']}` does not exist", "model_not_found")
    if method["type"] not in ("supervised", "dpo"):
        raise RefusalError(400, f"{method['type']} is not supported by this server", "unsupported_method")
    if len(value.get("suffix") or "") > 64:
        raise RefusalError(400, "suffix: at most 64 characters")
    if len(metadata) > 16 or any(len(key) > 64 or len(text) > 512 for key, text in metadata.items()):
        raise RefusalError(400, "metadata: at most 16 pairs of keys of 64 and values of 512 characters")
    for side in ("training_file", "validation_file"):
        if value[side] not in toy.files:
            raise RefusalError(400, f"{side}: no such file")
    supervised = (method.get("supervised") or {}).get("hyperparameters") or {}
    job = {
        "object": "fine_tuning.job", "id": f"ftjob-{len(toy.jobs):04}", "created_at": CLOCK + len(toy.jobs),
        "error": None, "fine_tuned_model": None, "finished_at": None, "hyperparameters": supervised,
        "model": value["model"], "organization_id": "toy-org", "result_files": [], "seed": value.get("seed") or 0,
        "status": "validating_files", "trained_tokens": None, "training_file": value["training_file"],
        "validation_file": value["validation_file"], "method": method,
        "metadata": metadata if toy.keeps_metadata else {}, "_suffix": value.get("suffix") or "", "_looks": 0,
    }  # fmt: skip
    toy.jobs[job["id"]] = job
    toy.event(job, "Created fine-tuning job")
    return job


def job_of(toy: ToyOpenAI, name: str) -> dict[str, Any]:
    if name not in toy.jobs:
        raise RefusalError(404, f"No such job: {name}")
    return toy.jobs[name]


def retrieve(toy: ToyOpenAI, name: str, **_: Any) -> Any:
    toy.advance(job_of(toy, name))
    return job_of(toy, name)


def turn(status: str, message: str) -> Any:
    def act(toy: ToyOpenAI, name: str, **_: Any) -> Any:
        job = job_of(toy, name)
        if job["status"] in ENDS:
            raise RefusalError(400, f"Job has already completed: {name}")
        job["status"] = status
        toy.event(job, message)
        return job

    return act


def listed(toy: ToyOpenAI, query: dict[str, list[str]], **_: Any) -> Any:
    wanted = {key[9:-1]: values[0] for key, values in query.items() if key.startswith("metadata[")}
    if not (toy.filters_jobs and toy.keeps_metadata):
        wanted = {}
    found = [
        job for job in reversed(toy.jobs.values()) if all(job["metadata"].get(key) == wanted[key] for key in wanted)
    ]
    return page(found, query)


def told(toy: ToyOpenAI, name: str, query: dict[str, list[str]], **_: Any) -> Any:
    job_of(toy, name)
    return page(list(reversed(toy.events.get(name, []))), query)


def checkpoints(toy: ToyOpenAI, name: str, query: dict[str, list[str]], **_: Any) -> Any:
    job = job_of(toy, name)
    metrics = {"step": 3, "train_loss": 0.4, "full_valid_loss": 0.55, "full_valid_mean_token_accuracy": 0.8}
    one = {
        "object": "fine_tuning.job.checkpoint", "id": f"ftckpt-{name}", "created_at": CLOCK + 55, "step_number": 3,
        "fine_tuned_model_checkpoint": f"{job['fine_tuned_model']}:ckpt-step-3", "fine_tuning_job_id": name,
        "metrics": metrics,
    }  # fmt: skip
    return page([one] if job["status"] == "succeeded" else [], query)


def page(found: list[dict[str, Any]], query: dict[str, list[str]]) -> Any:
    """Return one page of a list, with what the next one needs."""
    ids = [one["id"] for one in found]
    start = ids.index(query["after"][0]) + 1 if "after" in query else 0
    shown = found[start : start + int(query.get("limit", ["20"])[0])]
    return {"object": "list", "data": shown, "has_more": start + len(shown) < len(found)}


def model(toy: ToyOpenAI, name: str, **_: Any) -> Any:
    if name not in (*BASES, *toy.learnt):
        raise RefusalError(404, f"The model {name} does not exist", "model_not_found")
    return {"object": "model", "id": name, "created": CLOCK, "owned_by": "toy", "shutdown_date": toy.shutdown.get(name)}


def complete(toy: ToyOpenAI, value: dict[str, Any], **_: Any) -> Any:
    toy.asked.append(value)
    if value["model"] not in (*BASES, *toy.learnt):
        raise RefusalError(404, f"The model `{value['model']}` does not exist", "model_not_found")
    if "forbidden" in asked(value["messages"]):
        raise RefusalError(400, "The content is not allowed", "content_filter")
    text = toy.answer(value["model"], value["messages"])
    blank: dict[str, Any] = {"bytes": None, "logprob": -0.1, "top_logprobs": []}
    tokens = [{"token": token, **blank} for token in text.split()]
    given = {"content": tokens, "refusal": None} if value.get("logprobs") and toy.gives_logprobs else None
    choice = {
        "index": 0, "finish_reason": "stop", "logprobs": given, "message": {"role": "assistant", "content": text},
    }  # fmt: skip
    used = {"prompt_tokens": 7, "completion_tokens": len(tokens), "total_tokens": 7 + len(tokens)}
    said = {"object": "chat.completion", "id": "chatcmpl-toy", "created": CLOCK, "model": value["model"]}
    return {**said, "choices": [choice], "usage": used}


JOB = r"/fine_tuning/jobs/([^/]+)"
ROUTES: list[tuple[str, str, Any]] = [
    ("GET", r"/files", lambda toy, query, **_: page(list(toy.files.values()), query)),
    ("DELETE", r"/files/([^/]+)", delete_file),
    ("DELETE", r"/models/(.+)", delete_model),
    ("POST", r"/fine_tuning/jobs", create),
    ("GET", r"/fine_tuning/jobs", listed),
    ("GET", JOB, retrieve),
    ("POST", f"{JOB}/cancel", turn("cancelled", "The job was cancelled")),
    ("POST", f"{JOB}/pause", turn("paused", "The job was paused")),
    ("POST", f"{JOB}/resume", turn("queued", "The job goes on")),
    ("GET", f"{JOB}/events", told),
    ("GET", f"{JOB}/checkpoints", checkpoints),
    ("GET", r"/models/(.+)", model),
    ("POST", r"/chat/completions", complete),
]


@contextmanager
def serving() -> Iterator[ToyOpenAI]:
    """Serve on a free port of loopback until the block ends."""
    toy = ToyOpenAI()
    with ThreadingHTTPServer(("127.0.0.1", 0), type("ToyHandler", (Handler,), {"toy": toy})) as server:
        toy.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield toy
        finally:
            server.shutdown()
            thread.join()
