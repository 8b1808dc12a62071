"""Settings mean to this project what they mean to DVC."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML  # what DVC reads with

from retune.core.errors import UserError
from retune.io.settings import read_yaml

WORDS = """
languages: [no, on, off, yes, y, n, nb]
yes and no: [true, True, FALSE, null, ~, ""]
numbers: [1e-3, 5.0e-4, 010, 0x10, 0o17, -3, +4, 1.5, .5, 1_000, .inf]
neither: [12:30:00, nobody, 1.2.3, 0x, e5, "12"]
empty:
base: &base {rank: 8}
more: {<<: *base, alpha: 16}
"""


def test_plain_words_are_read_as_dvc_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(WORDS)
    found = read_yaml(path)
    assert found == YAML(typ="safe", pure=True).load(WORDS)
    assert (found["languages"][0], found["numbers"][:3]) == ("no", [0.001, 0.0005, 10])


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("models: {a: 1, a: 2}")
    with pytest.raises(UserError, match="twice in one mapping: a"):
        read_yaml(path)
