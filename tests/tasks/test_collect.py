"""Answers that people corrected: joined to what was asked, redacted, merged; every row is accounted for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.checkout import use_settings
from retune.cli.main import main
from retune.core.errors import UserError
from retune.core.frames import EXAMPLES
from retune.io import answers, traffic
from retune.io.collected import Collected
from retune.io.files import write_frame
from retune.project import read_project
from tasks.collect import collect
from tests.conftest import CHECKOUT

MODEL = "ticket-router"
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def silent(_line: str) -> None:
    """Hear nothing."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose answers are recorded already, none of them."""
    root = tmp_path_factory.mktemp("template") / "checkout"
    root.mkdir()
    shutil.copyfile(CHECKOUT / "params.yaml", root / "params.yaml")
    answers.ensure(answers.path_of(root, MODEL))
    blank = dict.fromkeys(EXAMPLES, "") | {"explicit_id": True}
    known = pd.DataFrame([{**blank, "example_id": label, "label": label} for label in ("access", "billing")])
    write_frame(root / "artifacts" / "models" / MODEL / "examples" / "examples.parquet", known, EXAMPLES)
    for arguments in (["init", "--no-scm", "--quiet"], ["add", "--quiet", "collected"]):
        subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=root, check=True)
    return root


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    root = Path(shutil.copytree(template, tmp_path / "checkout"))
    use_settings(root, {"traffic.uri": str(tmp_path / "log")})
    return root


@pytest.fixture(autouse=True)
def recorded_elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave DVC out but where a test is about it: each call costs seconds, and tests/io/test_collected.py has them."""
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setattr("retune.io.collected.record", lambda _root, _say: None)
        monkeypatch.setattr("retune.io.collected.bring_up_to_date", lambda _root, _models, _say: None)


def asked(root: Path, *texts: str, at: datetime = NOW) -> list[str]:
    project = read_project(root)
    rows = pd.DataFrame({"text": texts, "prediction": "access", "confidence": 0.4})
    return traffic.append(project.traffic.uri, MODEL, "1", rows, redact=project.corpus.redact, at=at)


def take(root: Path, content: str, now: datetime = NOW) -> Collected:
    file = root.parent / "answers.csv"
    file.write_text(content, encoding="utf-8-sig")
    return collect(root=root, model=MODEL, file=file, now=now, say=silent)


def standing(root: Path) -> dict[str, str]:
    rows = answers.read(answers.path_of(root, MODEL))
    return dict(zip(rows["text"], rows["label"], strict=True))


def refused(root: Path) -> pd.DataFrame:
    return answers.read_refused(answers.refused_of(root, MODEL))


def test_every_row_is_accepted_or_refused_with_its_reason(root: Path) -> None:
    first, second = asked(root, "the badge of jo@example.org fails", "the invoice is wrong")
    done = take(
        root,
        f"request_id;label;text\n{first};billing;\n{second};billing;\n{second};access;\n"
        ";access;My card is lost, jo@example.org\n"
        f"{'20260310-' + 'f' * 20};access;\n{first};invoices;\n;;nothing\n;access;\n",
    )
    assert standing(root) == {
        "the badge of [EMAIL_1] fails": "billing",
        "the invoice is wrong": "access",
        "My card is lost, [EMAIL_1]": "access",
    }
    assert (done.counts.rows_in, done.counts.rows_out, done.counts.rejected) == (8, 3, 5)
    assert done.counts.details == {"new": 3, "changed": 0, "as before": 0}
    reasons = {"missing_label": 1, "nothing_asked": 1, "superseded": 1, "unknown_label": 1, "unknown_request": 1}
    assert done.refused == reasons == refused(root)["reason"].value_counts().to_dict()
    kept = answers.read(answers.path_of(root, MODEL)).set_index("answer_id")["label"]
    assert {first: kept[first], second: kept[second]} == {first: "billing", second: "access"}


@pytest.mark.case("PII-2")
def test_no_personal_data_is_kept_not_even_of_rows_that_are_refused(root: Path) -> None:
    take(root, "request_id,label,text,date\njo@example.org,+44 20 7946 0958,call jo@example.org,jo@example.org\n")
    kept = "".join(path.read_text() for path in (root / "collected").iterdir())
    assert "jo@example" not in kept
    assert "7946" not in kept
    assert list(refused(root)["reason"]) == ["unknown_label"]


def test_the_same_file_again_changes_nothing_on_a_later_day_either(root: Path) -> None:
    (request,) = asked(root, "the badge fails")
    content = f"request_id,label\n{request},billing\nunknown,access\n"
    take(root, content)
    before = {path.name: path.read_bytes() for path in (root / "collected").iterdir()}
    done = take(root, content, NOW + timedelta(days=5))
    assert {path.name: path.read_bytes() for path in (root / "collected").iterdir()} == before
    assert done.counts.details == {"new": 0, "changed": 0, "as before": 1}


def test_an_answer_stands_when_its_request_is_too_old_for_the_log(root: Path) -> None:
    (request,) = asked(root, "the badge fails")
    take(root, f"request_id,label\n{request},billing\n")
    much_later = NOW + timedelta(days=400)
    done = take(root, f"request_id,label\n{request},access\n", much_later)
    assert (done.expired.rows, done.counts.details["changed"]) == (1, 1)
    assert standing(root) == {"the badge fails": "access"}


def test_without_a_log_texts_are_taken_and_requests_refused_with_the_reason(root: Path) -> None:
    use_settings(root, {"traffic.uri": ""})
    done = take(root, f"request_id,text,label\n20260310-{'0' * 20},,access\n,My card is lost,access\n")
    assert done.counts.rows_out == 1
    assert list(refused(root)["detail"]) == ["no traffic is logged: `traffic.uri` in params.yaml is empty"]


def test_files_in_the_log_that_are_none_of_its_own_are_counted(root: Path) -> None:
    (request,) = asked(root, "the badge fails")
    next((root.parent / "log").rglob("*.parquet")).with_name("torn.parquet").write_bytes(b"PAR1")
    assert take(root, f"request_id,label\n{request},billing\n").skipped_files == 1


def test_declared_labels_are_those_that_an_answer_may_give(root: Path) -> None:
    use_settings(root, {f"models.{MODEL}.examples.rules.unknown_label.declared": ["vip", "access"]})
    done = take(root, "text,label\nMy card is lost,vip\nMy badge fails,billing\n")
    assert done.refused == {"unknown_label": 1}


def test_before_the_first_run_nobody_knows_the_labels(root: Path) -> None:
    shutil.rmtree(root / "artifacts")
    with pytest.raises(UserError, match="Run `make pipeline` first"):
        take(root, "text,label\nMy card is lost,access\n")


def test_a_file_that_is_not_there_is_named(root: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.csv: No such file"):
        collect(root=root, model=MODEL, file=root / "nowhere.csv", now=NOW, say=silent)


def test_the_command_says_what_became_of_each_row(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    (root.parent / "a.csv").write_text("text,label\nMy card is lost,access\nMy badge fails,acess\n")
    assert main(["collect", str(root.parent / "a.csv")]) == 0
    said = capsys.readouterr().out
    assert "2 answers for ticket-router: 1 accepted (1 new, 0 changed, 0 as before), 1 refused" in said
    assert "1 unknown label" in said
    assert "collected/ticket-router-refused.csv" in said
    (root.parent / "b.csv").write_text("text,label\nMy badge fails,acess\n")
    assert main(["collect", str(root.parent / "b.csv")]) == 1
    (root.parent / "c.csv").write_text("a,b\n")
    assert main(["collect", str(root.parent / "c.csv")]) == 2


@pytest.mark.slow
def test_answers_are_recorded_in_collected_dvc(root: Path) -> None:
    before = (root / "collected.dvc").read_text()
    take(root, "text,label\nMy card is lost,access\n")
    after = (root / "collected.dvc").read_text()
    assert after != before
    take(root, "text,label\nMy card is lost,access\n")
    assert (root / "collected.dvc").read_text() == after
