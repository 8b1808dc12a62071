"""The journal of a training reaches the server whole, whatever dies on the way."""

import json
from pathlib import Path
from threading import Event, Thread

from retune.core.errors import UnavailableError
from retune.io.journal import Line, follow, forward, read_lines


def line(step: int) -> str:
    return json.dumps({"event": "metrics", "step": step, "values": {"loss": 1 / step}, "time": 1.0}) + "\n"


def steps(lines: list[Line]) -> list[int]:
    return [one["step"] for one in lines]


def test_a_line_torn_at_the_end_waits_until_it_is_whole(tmp_path: Path) -> None:
    journal, offset, got = tmp_path / "journal.jsonl", tmp_path / "offset.json", list[Line]()
    journal.write_text(line(1) + line(2)[:20], encoding="utf-8")
    assert forward(journal, offset, got.extend) == 1
    with journal.open("a", encoding="utf-8") as stream:
        stream.write(line(2)[20:] + line(3))
    assert forward(journal, offset, got.extend) == 2
    assert steps(got) == [1, 2, 3]


def test_a_line_that_a_kill_tore_for_good_costs_only_itself(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.write_text(line(1) + line(2)[:20] + "\n" + line(2), encoding="utf-8")
    assert steps(read_lines(journal)[0]) == [1, 2]


def test_a_restarted_follower_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    journal, offset, got = tmp_path / "journal.jsonl", tmp_path / "offset.json", list[Line]()
    journal.write_text(line(1), encoding="utf-8")
    forward(journal, offset, got.extend)
    with journal.open("a", encoding="utf-8") as stream:
        stream.write(line(2))
    forward(journal, offset, got.extend)
    assert steps(got) == [1, 2]


def test_a_new_and_shorter_journal_is_read_from_its_start(tmp_path: Path) -> None:
    journal, offset, got = tmp_path / "journal.jsonl", tmp_path / "offset.json", list[Line]()
    journal.write_text(line(1) + line(2) + line(3), encoding="utf-8")
    forward(journal, offset, got.extend)
    journal.write_text(line(7), encoding="utf-8")
    forward(journal, offset, got.extend)
    assert steps(got) == [1, 2, 3, 7]


def test_no_journal_yet_is_nothing_to_forward(tmp_path: Path) -> None:
    assert forward(tmp_path / "journal.jsonl", tmp_path / "offset.json", list[Line]().extend) == 0
    assert not (tmp_path / "offset.json").exists()


def test_lines_wait_while_the_server_does_not_answer(tmp_path: Path) -> None:
    journal, offset, got, calls = tmp_path / "journal.jsonl", tmp_path / "offset.json", list[Line](), list[int]()
    journal.write_text(line(1), encoding="utf-8")

    def log(lines: list[Line]) -> None:
        calls.append(len(lines))
        if len(calls) < 3:
            raise UnavailableError("not now")
        got.extend(lines)

    stop = Event()
    follower = Thread(target=follow, args=(journal, offset, log, stop, 0.01))
    follower.start()
    while len(calls) < 3:
        pass
    stop.set()
    follower.join(timeout=5)
    assert steps(got) == [1]


def test_what_is_written_up_to_the_end_arrives(tmp_path: Path) -> None:
    journal, offset, got = tmp_path / "journal.jsonl", tmp_path / "offset.json", list[Line]()
    stop = Event()
    stop.set()
    journal.write_text(line(1) + line(2), encoding="utf-8")
    assert follow(journal, offset, got.extend, stop, 0.01)
    assert steps(got) == [1, 2]
