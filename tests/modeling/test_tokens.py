"""Tokens are counted as a base counts them, from its tokenizer alone."""

import json
from pathlib import Path

import pytest

from retune.core.errors import UserError
from retune.modeling.tokens import counter


def test_the_bundled_base_counts_long_texts_whole_and_adds_nothing() -> None:
    count = counter("bundled:minilm")
    assert count("hello world") == 2
    assert count("hello " * 1000) == 1000, "its file cuts texts at 128 tokens"


@pytest.mark.parametrize(("vocabulary", "merges"), [("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")])
def test_a_folder_of_byte_pairs_counts_by_its_merges(tmp_path: Path, vocabulary: str, merges: str) -> None:
    (tmp_path / vocabulary).write_text(json.dumps({"a": 0, "b": 1, "ab": 2}))
    (tmp_path / merges).write_text("#version: 0.2\na b\n")
    assert counter(str(tmp_path))("abba") == 3


@pytest.mark.shared
def test_the_vocabulary_of_gpt2_gives_its_known_counts(shared_data: Path) -> None:
    count = counter(str(shared_data / "data" / "models" / "gpt2-bpe"))
    assert [count(text) for text in ("Hello world", " ->", "\n\n###\n\n", "supercalifragilistic")] == [2, 1, 4, 6]


@pytest.mark.parametrize("base", ["owner/name", "nowhere"])
def test_nothing_is_fetched_to_count_tokens(base: str) -> None:
    with pytest.raises(UserError, match="nothing is fetched"):
        counter(base)


def test_a_folder_without_a_tokenizer_or_with_a_broken_one_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"tokenizer\.json"):
        counter(str(tmp_path))
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match="a tokenizer in"):
        counter(str(tmp_path))
