"""What a served model does besides answering: it logs its answers, and no failure of that fails an answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import cache

import pandas as pd

from retune.core.clean import NOT_READ
from retune.core.errors import RetuneError
from retune.core.params.base import Settings
from retune.core.params.redact import RedactParams
from retune.io.traffic import append, expire
from retune.io.traffic_store import check

NEVER_TO_THE_ASKER = (RetuneError, OSError, ImportError, *NOT_READ)
LOG = logging.getLogger(__name__)
_LOCK = threading.Lock()
_CLEANED: dict[str, date] = {}
_SAID: set[str] = set()


class Served(Settings):
    """What a server must know to log its answers: the value of its environment variable RETUNE_TRAFFIC, as JSON."""

    uri: str
    """Where the log lies."""
    model: str
    """The model's name."""
    version: str
    """The version that answers."""
    retention_days: int
    """Days that the log is kept."""
    redact: RedactParams
    """What is taken out of the texts before they are written."""


def told(served: Served) -> str:
    """Return the value of RETUNE_TRAFFIC; raises UserError for an address that cannot hold a log."""
    check(served.uri)
    return served.model_dump_json()


def record(setting: str, texts: Sequence[str], contexts: Sequence[str], answers: pd.DataFrame) -> list[str]:
    """Log answers [prediction, confidence] to texts and their contexts, and return a request id per row.

    The id is empty where a row was not logged.
    """
    try:
        served = _read(setting)
        _clean_up_once_a_day(served)
        rows = answers[["prediction", "confidence"]].assign(
            text=pd.Series(list(texts), index=answers.index, dtype=object),  # object: a text may be no UTF-8
            context=pd.Series(list(contexts), index=answers.index, dtype=object),
        )
        return append(served.uri, served.model, served.version, rows, redact=served.redact)
    except NEVER_TO_THE_ASKER as error:
        _say_once(error)
        return [""] * len(texts)


@cache
def _read(setting: str) -> Served:
    """Return the setting; it was written by `told`."""
    return Served.model_validate_json(setting)


def _clean_up_once_a_day(served: Served) -> None:
    """Delete what is too old beside the first answer of a day, without holding it up."""
    place, today = f"{served.uri}/{served.model}", datetime.now(UTC).date()
    with _LOCK:
        if _CLEANED.get(place) == today:
            return
        _CLEANED[place] = today
    threading.Thread(target=_guarded, args=(lambda: _clean_up(served),), daemon=True).start()


def _clean_up(served: Served) -> None:
    """Delete what is too old."""
    expire(served.uri, served.model, served.retention_days, datetime.now(UTC))


def _guarded(work: Callable[[], None]) -> None:
    """Run what may fail without anybody but the log learning of it."""
    try:
        work()
    except NEVER_TO_THE_ASKER as error:
        _say_once(error)


def _say_once(error: BaseException) -> None:
    """Say what went wrong, once for each kind; only our own words and the system's, since others may repeat a text."""
    words = str(error) if isinstance(error, RetuneError | OSError) else type(error).__name__
    with _LOCK:
        if words in _SAID:
            return
        _SAID.add(words)
    LOG.error("answers are not logged: %s", words)
