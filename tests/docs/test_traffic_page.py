"""The examples of docs/traffic.md do what the page says."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from benchmarks.checkout import use_settings
from retune.core.answers import parse
from tests.conftest import CHECKOUT

PAGE = (CHECKOUT / "docs" / "traffic.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_a_server_logs_and_reads_as_the_page_shows(tmp_path: Path) -> None:
    shutil.copyfile(CHECKOUT / "params.yaml", tmp_path / "params.yaml")
    use_settings(tmp_path, {"traffic.uri": str(tmp_path / "log")})
    now = datetime.now(UTC)
    names: dict[str, Any] = {"CHECKOUT": tmp_path, "since": now - timedelta(days=1), "until": now + timedelta(days=1)}
    for body in blocks("python"):
        exec(body, names)  # noqa: S102 - our own page
    assert list(names["rows"]["request_id"]) == names["request_ids"]
    assert set(names["rows"].attrs) == {"skipped", "withheld", "lost"}


def test_the_settings_of_the_page_are_those_of_the_project() -> None:
    (shown,) = (yaml.safe_load(body) for body in blocks("yaml"))
    own = yaml.safe_load((CHECKOUT / "params.yaml").read_text(encoding="utf-8"))
    assert set(shown["traffic"]) == set(own["traffic"])


def test_the_table_of_the_page_is_one_of_answers() -> None:
    (table,) = blocks("csv")
    assert [row.label for row in parse(table.encode())] == ["billing", "access"]


def test_every_reason_for_a_refusal_is_explained() -> None:
    code = (CHECKOUT / "retune" / "core" / "answers.py").read_text(encoding="utf-8")
    reasons = set(re.findall(r'Refusal\(\s*"(\w+)"', code))
    assert len(reasons) == 10
    assert reasons <= set(re.findall(r"`(\w+)`", PAGE))
