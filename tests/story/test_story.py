"""The story of one model on real messages, told to a real MLflow server: from the first training to a deletion.

Two people with accounts on the server; each step is the command that a person would type.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.checkout import checkout, use_documents, use_settings
from retune.core.errors import EXIT_GATE, EXIT_SUCCESS, EXIT_WAITING
from tests.mlflow_servers import add_account, be
from tests.story.documents import MODEL, export, messages, of_each, settings

pytestmark = [pytest.mark.slow, pytest.mark.shared]
TRAINER, APPROVER = "trainer", "approver"
FEW, MANY = 12, 60  # messages of each queue: before and after the export grew
ROLLBACK_SECONDS = 5


@dataclass
class Story:
    """A checkout, its documents, and the server that its decisions go to."""

    root: Path
    export: Path
    rows: list[dict[str, str]]
    patch: pytest.MonkeyPatch

    def does(self, person: str, *words: str, code: int | tuple[int, ...] = EXIT_SUCCESS) -> Any:
        """Let a person type a command, which ends with this code; returns what it says as JSON."""
        be(person, self.patch)
        command = [sys.executable, "-m", "retune.cli.main", *words, "--json"]
        environment = {**os.environ, "PYTHONPATH": str(self.root)}
        ended = subprocess.run(command, cwd=self.root, env=environment, check=False, capture_output=True, text=True)
        said = f"{' '.join(words)}\n{ended.stdout[-3000:]}\n{ended.stderr[-5000:]}"
        assert ended.returncode in (code if isinstance(code, tuple) else (code,)), f"{ended.returncode}: {said}"
        return json.loads(ended.stdout)

    def trains(self, *, code: int = EXIT_SUCCESS) -> dict[str, Any]:
        """Run the pipeline, and return what came of the model."""
        report = self.does(TRAINER, "run", code=code)
        found: dict[str, Any] = report["models"][0] if report["models"] else report
        return found

    def aliases(self) -> dict[str, str]:
        """Return which version each alias names."""
        found: dict[str, str] = self.does(TRAINER, "status")["models"][0]["aliases"]
        return found

    def changes(self, **changed: Any) -> None:
        """Change settings of the model."""
        use_settings(self.root, {f"models.{MODEL}.{name.replace('__', '.')}": value for name, value in changed.items()})


@pytest.fixture(params=["sqlite", "postgresql"])
def story(
    request: pytest.FixtureRequest,
    shared_data: Path,
    mlflow_on: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Story]:
    """Yield a fresh checkout on the first messages, and a server with two accounts."""
    uri = mlflow_on(request.param, accounts=True)
    for person in (TRAINER, APPROVER):
        add_account(uri, person, monkeypatch)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("RETUNE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("RETUNE_ERASURE_KEY", "a key for tests alone, of thirty-two bytes and more")
    rows = messages(shared_data)
    documents = tmp_path / "documents"
    with checkout() as root:
        export(documents / "support" / "messages.csv", of_each(rows, FEW))
        author = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        for words in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "the template"]):
            subprocess.run(["git", *words], cwd=root, check=True)
        use_documents(root, documents)
        use_settings(root, settings())
        (root / "behaviour" / f"{MODEL}.yaml").unlink()  # it is about the sample's ferries
        yield Story(root, documents / "support" / "messages.csv", rows, monkeypatch)


@pytest.mark.case("GT-1", "GT-2", "GT-6", "RG-2", "RG-3", "RG-4", "LN-1", "LN-2", "E1")
def test_from_the_first_training_to_a_deletion(story: Story) -> None:
    first = story.trains()
    assert (first["version"], first["promoted"]) == ("1", True)

    the_tie(story)
    the_better_one(story)
    going_back_and_forth(story)
    the_worse_one(story)
    the_deletion(story)


def the_tie(story: Story) -> None:
    """Another seed on the same rows is no gain: the champion stays."""
    story.changes(train__seed=18)
    tie = story.trains()
    assert (tie["version"], tie["promoted"], tie["champion"]) == ("2", False, "1")
    assert any(reason.startswith("champion_better") for reason in tie["reasons"])


def the_better_one(story: Story) -> None:
    """Five times the messages are a gain that the paired test shows; it waits for a second person."""
    export(story.export, of_each(story.rows, MANY))
    story.changes(release__approval={"required": True, "by": "second_person", "days": 14})
    story.does(TRAINER, "run", code=EXIT_WAITING)
    assert story.aliases()["champion"] == "1"
    refused = story.does(TRAINER, "approve", "--version", "3", "--reason", "I made it", code=EXIT_GATE)
    assert "a second person has to approve" in refused["error"]
    story.does(APPROVER, "approve", "--version", "3", "--reason", "the report convinces me")
    now = story.aliases()  # `challenger` may stay beside it: an account needs MANAGE to delete an alias
    assert (now["champion"], now["previous"]) == ("3", "1")


def going_back_and_forth(story: Story) -> None:
    """A rollback is one command and takes seconds; the way forward is as short."""
    started = time.monotonic()
    story.does(APPROVER, "rollback", "--reason", "a drill")
    took = time.monotonic() - started
    assert story.aliases()["champion"] == "1"
    story.does(APPROVER, "promote", "--version", "3", "--reason", "the drill is over")
    made = story.does(TRAINER, "history")
    assert [(one["outcome"], one["who"]) for one in made[:2]] == [("promoted", APPROVER), ("rolled_back", APPROVER)]
    assert took < 4 * ROLLBACK_SECONDS, "on a machine that may be busy; RG-2 itself is measured where it is not"


def the_worse_one(story: Story) -> None:
    """A model that reads eight tokens of each message is worse: kept out by the comparison, or by a floor already."""
    story.changes(train__max_length=8)
    story.does(TRAINER, "run", code=(EXIT_SUCCESS, EXIT_GATE))
    assert story.aliases()["champion"] == "3"
    story.changes(train__max_length=128)


def the_deletion(story: Story) -> None:
    """A customer's message is forgotten: what learnt from it answers no more, and the next version never had it."""
    known, early = documents_of(story, "train"), {one["id"] for one in of_each(story.rows, FEW)}
    late = [one for one in of_each(story.rows, MANY) if one["id"] not in early]  # version 1 never saw these
    row, document = next((one, name) for one in late for name in known if name.endswith(one["id"]))
    seen = story.does(TRAINER, "lineage", "--document", document)
    assert {one["version"] for one in seen["versions"]} >= {"3"}
    (receipt,) = story.does(TRAINER, "forget", "--document", document, "--reason", "request 1")
    assert row["id"] not in story.export.read_text(encoding="utf-8")
    assert story.aliases()["champion"] == "1", receipt
    story.changes(release__approval={"required": False, "by": "second_person", "days": 14})
    without = story.trains()
    assert without["promoted"], without["reasons"]
    assert document not in documents_of(story)
    again = story.does(TRAINER, "reproduce", without["version"])
    assert again["agrees"]


def documents_of(story: Story, *sides: str) -> list[str]:
    """Return the ids of the documents that the split knows, on these sides or on any."""
    from retune.io.files import read_frame

    lineage = read_frame(story.root / "artifacts" / "models" / MODEL / "split" / "lineage.parquet")
    chosen = lineage[lineage["side"].isin(sides)] if sides else lineage
    return sorted(chosen["document_id"])
