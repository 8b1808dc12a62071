"""Asks a judge model behind an endpoint that speaks OpenAI's chat completions; its exact version is pinned."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from retune.core.errors import UnavailableError, UserError
from retune.core.judge import Judged, Pair, judged, messages, without_asking

if TYPE_CHECKING:
    import httpx

PASSING = {408, 425, 429, 500, 502, 503, 504}  # what the next attempt may find mended
LONGEST_PAUSE_SECONDS = 60.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Endpoint:
    """Where the judge is, which model it is, and how patiently it is asked."""

    url: str  # https://judge.example/v1
    model: str  # the exact version: a name that moves on would change the measure unseen
    key_variable: str  # the environment variable that holds the key; empty for a server that wants none
    timeout_seconds: float
    attempts: int
    pause_seconds: float  # after the first failed attempt; doubled after each further one
    options: Mapping[str, float | int | str] = field(default_factory=dict)  # such as temperature and max_tokens


def judge_pairs(endpoint: Endpoint, pairs: Sequence[Pair]) -> list[Judged]:
    """Return the judge's choice for each pair, asked in both orders; equal and empty answers are not sent.

    Raises UserError where the endpoint refuses the question or the key, or answers as another model; UnavailableError
    where it does not answer at all.
    """
    import httpx

    with httpx.Client(headers=_headers(endpoint), timeout=endpoint.timeout_seconds) as client:
        return [without_asking(pair) or _judge(client, endpoint, pair) for pair in pairs]


def _judge(client: httpx.Client, endpoint: Endpoint, pair: Pair) -> Judged:
    """Ask in one order, then in the other."""
    replies = [_ask(client, endpoint, messages(pair, is_swapped=swapped)) for swapped in (False, True)]
    return judged(pair, *replies)


def _headers(endpoint: Endpoint) -> dict[str, str]:
    """Return the header with the key; raises UserError where it is missing or would travel in the clear."""
    if not endpoint.key_variable:
        return {}
    import httpx

    key = os.environ.get(endpoint.key_variable, "").strip()
    if not key:
        raise UserError(
            expected=f"the judge's key in the environment variable {endpoint.key_variable}",
            found="none",
            todo=f"Set {endpoint.key_variable} where this runs, or name no variable if the server wants no key.",
        )
    url = httpx.URL(endpoint.url)
    if url.scheme != "https" and url.host not in LOOPBACK:
        raise UserError(
            expected="an address that begins with https://, for the key is sent along",
            found=f"{url.scheme}://{url.host}",
            todo="Give the judge's https address, or name no key variable.",
        )
    return {"Authorization": f"Bearer {key}"}


def _ask(client: httpx.Client, endpoint: Endpoint, asked: list[dict[str, str]]) -> str | None:
    """Return the reply to one question, None where it cannot be read; what may pass is tried again."""
    import httpx

    body = {**endpoint.options, "model": endpoint.model, "messages": asked}
    reason, pause = "", endpoint.pause_seconds
    for attempt in range(endpoint.attempts):
        if attempt:
            time.sleep(min(pause, LONGEST_PAUSE_SECONDS))
        pause = endpoint.pause_seconds * 2**attempt
        try:
            response = client.post(f"{endpoint.url.rstrip('/')}/chat/completions", json=body)
        except httpx.TransportError as error:
            reason = type(error).__name__
            continue
        if response.status_code not in PASSING:
            return _reply(endpoint, response)
        reason, pause = f"status {response.status_code}", max(pause, _asked_to_wait(response))
    raise UnavailableError(
        f"the judge at {httpx.URL(endpoint.url).host} did not answer: {reason}, {endpoint.attempts} times. "
        "Nothing was decided; run again when it is back."
    )


def _asked_to_wait(response: httpx.Response) -> float:
    """Return the seconds that a server asked to be left alone; 0 where it did not say, or gave a date."""
    told = response.headers.get("Retry-After", "")
    return float(told) if told.isdecimal() else 0.0


def _reply(endpoint: Endpoint, response: httpx.Response) -> str | None:
    """Return the text of a reply; None where it is not whole. Raises UserError for a refusal or another model."""
    if response.status_code != 200:
        raise _refused(endpoint, response.status_code)
    try:
        found = response.json()
    except ValueError:
        return None
    if not isinstance(found, dict) or "choices" not in found:
        return None
    if found.get("model") != endpoint.model:
        raise UserError(
            expected=f"replies of the judge {endpoint.model!r}",
            found=f"replies of {found.get('model')!r}",
            todo="Name the exact version that the endpoint serves: votes of two judges are no evidence together.",
        )
    return _content(found)


def _content(found: dict[str, Any]) -> str | None:
    """Return the text of the first choice, unless it was cut off or is none."""
    match found.get("choices"):
        case [{"finish_reason": "length" | "content_filter"}, *_]:
            return None
        case [{"message": {"content": str(text)}}, *_]:
            return text
    return None


def _refused(endpoint: Endpoint, status: int) -> UserError:
    """Say what an endpoint's refusal means; its own words may repeat what was sent, and are left out."""
    todo = {
        401: f"Is the key in {endpoint.key_variable or 'the environment'} valid?",
        403: f"May the key in {endpoint.key_variable or 'the environment'} use this model?",
        404: f"Does the address end where /chat/completions begins, and is {endpoint.model!r} served there?",
    }.get(status, "Look into the server's log; the options that are sent along may not suit this model.")
    return UserError(expected=f"a reply of the judge at {endpoint.url}", found=f"status {status}", todo=todo)
