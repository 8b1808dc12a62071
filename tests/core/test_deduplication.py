"""Deduplication: exactly what comparing all with all would find, in any order, without the time that would take."""

from __future__ import annotations

import random
import tarfile
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retune.core import deduplication
from retune.core.frames import CLUSTERS

LONG = "the meeting began at ten and ended at noon with a vote on the budget for the coming year in Leeds"


def clusters(texts: dict[str, str], threshold: float = 0.6) -> pd.DataFrame:
    documents = pd.DataFrame({"document_id": list(texts), "text": list(texts.values())})
    return deduplication.clusters_of(documents, threshold).set_index("document_id")


def by_brute_force(sets: list[set[int]], threshold: float) -> list[int]:
    """Chain what is alike by comparing all with all, over and over."""
    groups = list(range(len(sets)))
    for _ in sets:
        for one, other in combinations(range(len(sets)), 2):
            union = len(sets[one] | sets[other])
            if union and len(sets[one] & sets[other]) / union >= threshold:
                groups[one] = groups[other] = min(groups[one], groups[other])
    return groups


def test_equal_words_are_exact_duplicates_whatever_their_case_and_punctuation() -> None:
    found = clusters({"a": LONG, "b": LONG.upper() + "!", "c": "something else altogether was said here"})
    assert found["kind"].to_dict() == {"a": "exact_duplicate", "b": "exact_duplicate", "c": "unique"}
    assert found["cluster_size"].to_dict() == {"a": 2, "b": 2, "c": 1}
    assert found["text_sha256"]["a"] == found["text_sha256"]["b"] == found["cluster_id"]["a"]


def test_a_small_edit_makes_a_near_duplicate_and_a_large_one_does_not() -> None:
    found = clusters({"a": LONG, "b": LONG.replace("Leeds", "York"), "c": LONG.replace("noon with a vote", "one")})
    assert found["kind"].to_dict() == {"a": "near_duplicate", "b": "near_duplicate", "c": "unique"}
    assert found["cluster_id"]["a"] == found["cluster_id"]["b"] == min(found["text_sha256"][["a", "b"]])


def test_a_copy_in_a_cluster_of_near_duplicates_is_called_exact() -> None:
    found = clusters({"a": LONG, "b": LONG, "c": LONG.replace("Leeds", "York")})
    assert found["kind"].to_dict() == {"a": "exact_duplicate", "b": "exact_duplicate", "c": "near_duplicate"}
    assert found["cluster_size"].tolist() == [3, 3, 3]


def test_the_summary_says_how_much_is_alike() -> None:
    found = clusters({"a": LONG, "b": LONG, "c": LONG.replace("Leeds", "York"), "d": "one", "e": "two"})
    assert deduplication.summary(found) == {
        "clusters": 1,
        "exact_duplicates": 2,
        "near_duplicates": 1,
        "largest_share": 0.6,
    }


def test_no_documents_and_documents_without_words_are_no_error() -> None:
    empty = clusters({})
    assert list(empty.reset_index().columns) == list(CLUSTERS)
    assert deduplication.summary(empty)["largest_share"] == 0.0
    assert clusters({"a": "", "b": "...", "c": "word"})["kind"].tolist() == [
        "exact_duplicate",
        "exact_duplicate",
        "unique",
    ]


@given(st.lists(st.sets(st.integers(0, 14), max_size=9), max_size=9), st.sampled_from([0.3, 0.5, 0.6, 0.7, 0.9, 1.0]))
@settings(max_examples=500, deadline=None)
def test_the_same_is_found_as_by_comparing_all_with_all(sets: list[set[int]], threshold: float) -> None:
    arrays = [np.array(sorted(one), dtype=np.uint64) for one in sets]
    assert deduplication.near_duplicates(arrays, threshold) == by_brute_force(sets, threshold)


def test_the_order_of_the_documents_changes_nothing() -> None:
    words = LONG.split()
    texts = {f"d{number}": " ".join(words[number % 4 :] + words[: number % 3]) for number in range(30)}
    shuffled = list(texts)
    random.Random(7).shuffle(shuffled)
    expected = clusters(texts)
    assert expected["cluster_size"].max() > 2
    pd.testing.assert_frame_equal(clusters({key: texts[key] for key in shuffled}).loc[list(texts)], expected)


@pytest.mark.parametrize("share_in_common", [0.4, 0.65, 0.95])
def test_many_short_rows_with_the_same_footer_take_seconds_not_hours(share_in_common: float) -> None:
    """With 65 % in common no pair is alike, and yet all share rare shingles: comparing them all took minutes."""
    count, footer = 3_000, [f"f{word}" for word in range(int(40 * share_in_common))]
    rows = {
        str(row): " ".join([*(f"w{row}x{word}" for word in range(40 - len(footer))), *footer]) for row in range(count)
    }
    started = time.process_time()
    sizes = clusters(rows)["cluster_size"]
    assert time.process_time() - started < 20
    assert sizes.max() == (count if share_in_common > 0.9 else 1)


@pytest.mark.shared
def test_a_company_handbook_has_the_near_duplicates_that_comparing_all_with_all_finds(shared_data: Path) -> None:
    archive = shared_data / "data/organisations/sourcegraph-handbook/snapshot-2024-06-25.tar.gz"
    with tarfile.open(archive) as snapshot:
        files = {file.name: snapshot.extractfile(file) for file in snapshot.getmembers() if file.isfile()}
        texts = {name: stream.read().decode("utf-8", "replace") for name, stream in files.items() if stream}
    found = clusters(texts)
    assert deduplication.summary(found) == {
        "clusters": 15,
        "exact_duplicates": 3,
        "near_duplicates": 57,
        "largest_share": 0.011261,
    }
