"""A registered version leaves the house as a folder that others' tools load, with its card."""

import json
import re
import runpy
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from retune.cli.main import main
from retune.core.errors import GateError, UserError
from retune.core.usage import ADAPTER, BODY
from retune.io.mlflow_store import default_uri
from retune.io.registry import WITHDRAWN, Registry
from retune.modeling import predictor
from retune.project import read_project
from tasks.export import export
from tasks.release import release
from tasks.track import track
from tests.toy_checkout import MODEL, train_toy

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def released(checkout: Path, tiny_base: Path, reload_here: None) -> Path:
    """Return a checkout whose first version is the champion."""
    train_toy(checkout, tiny_base, seed=1)
    track(root=checkout, model=MODEL)
    release(root=checkout, model=MODEL, params=read_project(checkout).models[MODEL].release, cause="by hand", now=NOW)
    return checkout


@pytest.mark.parametrize(("merged", "form"), [(True, BODY), (False, ADAPTER)])
def test_the_code_on_the_card_loads_what_was_exported(
    released: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    merged: bool,
    form: str,
) -> None:
    out = tmp_path / "exported"
    monkeypatch.chdir(released)
    capsys.readouterr()
    assert main(["export", f"{MODEL}@champion", str(out), "--json", *(["--merged"] if merged else [])]) == 0
    assert json.loads(capsys.readouterr().out)["form"] == form
    card = (out / "README.md").read_text()
    assert card.startswith("---\n")
    assert "licence: not stated" in card
    (tmp_path / "asked.py").write_text(re.findall(r"```python\n(.*?)```", card, re.DOTALL)[-1])
    monkeypatch.chdir(out)
    logits = runpy.run_path(str(tmp_path / "asked.py"))["logits"]
    loaded = predictor.load(released / "artifacts" / "models" / MODEL / "train" / "model")
    expected = loaded.logits([loaded.task_type.EXAMPLE[0]["text"]])
    assert torch.allclose(logits, torch.from_numpy(expected), atol=1e-4)


def test_a_folder_that_is_there_is_left_as_it_is(released: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is one already"):
        export(root=released, model=MODEL, version="champion", folder=tmp_path, merged=True, now=NOW)


def test_a_version_that_was_withdrawn_is_not_exported(released: Path, tmp_path: Path) -> None:
    Registry(default_uri(released), MODEL).tag("1", {WITHDRAWN: "asked for"})
    with pytest.raises(GateError, match="withdrawn: asked for"):
        export(root=released, model=MODEL, version="1", folder=tmp_path / "exported", merged=True, now=NOW)
    assert not (tmp_path / "exported").exists()
