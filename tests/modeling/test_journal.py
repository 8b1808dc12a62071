import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from retune.modeling.journal import Journal, history, read


def test_a_resumed_run_repeats_no_event(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path, fresh=True).write("metrics", 1, {"train_loss": 2.0})
    again = Journal(path, fresh=False)
    again.write("metrics", 1, {"train_loss": 2.0})
    again.write("metrics", 2, {"train_loss": 1.0})
    assert [event["step"] for event in read(path)] == [1, 2]


def test_a_torn_line_is_dropped_and_written_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path, fresh=True).write("metrics", 1, {"train_loss": 2.0})
    with path.open("a") as stream:
        stream.write('{"event": "metr')
    Journal(path, fresh=False).write("metrics", 2, {"train_loss": 1.0})
    assert [event["step"] for event in read(path)] == [1, 2]


def test_a_new_run_starts_a_new_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path, fresh=True).write("metrics", 1, {"train_loss": 2.0})
    Journal(path, fresh=True).write("metrics", 7, {"train_loss": 2.0})
    assert [event["step"] for event in read(path)] == [7]


def test_the_journal_has_the_time_and_the_history_has_not(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl", fresh=True)
    journal.write("metrics", 1, {"train_loss": 2.0})
    assert "time" in json.loads((tmp_path / "journal.jsonl").read_text())
    assert json.loads(history(journal.events)) == {"event": "metrics", "step": 1, "values": {"train_loss": 2.0}}


KILLED = """
import os, signal, sys
from pathlib import Path
from retune.modeling.journal import Journal
journal = Journal(Path(sys.argv[1]), fresh=True)
for step in range(500):
    journal.write("metrics", step, {"train_loss": 1.0})
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.case("PB12")
def test_nothing_that_was_written_is_lost_by_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False).returncode == -signal.SIGKILL
    assert [event["step"] for event in read(path)] == list(range(500))
