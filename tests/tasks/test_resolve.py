from pathlib import Path

import pytest

from retune.core.errors import UserError
from retune.core.params.resolve import ResolveParams
from retune.io.files import read_json
from tasks.resolve import resolve
from tests.modeling.conftest import make_base


def test_the_base_is_pinned_by_its_hashes(tmp_path: Path) -> None:
    folder = make_base(tmp_path / "tiny")
    resolve(base=tmp_path / "base.json", params=ResolveParams(base=str(folder), revision=None))
    first = (tmp_path / "base.json").read_bytes()
    assert set(read_json(tmp_path / "base.json")["files"]) >= {"model.safetensors", "tokenizer.json", "config.json"}
    resolve(base=tmp_path / "base.json", params=ResolveParams(base=str(folder), revision=None))
    assert (tmp_path / "base.json").read_bytes() == first


def test_a_base_that_is_not_there_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="which is no folder"):
        resolve(base=tmp_path / "base.json", params=ResolveParams(base="./nowhere", revision=None))
    assert not (tmp_path / "base.json").exists()
