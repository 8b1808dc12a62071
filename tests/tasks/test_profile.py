"""A profile holds the rows that a model learnt from, its answers to those it did not, and every example it saw."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from retune.core.frames import EXAMPLES, LINEAGE, PREDICTIONS, PROFILE, SEEN
from retune.core.params.profile import ProfileParams
from retune.io.files import read_frame, write_frame
from retune.modeling import embedding
from tasks import profile as step

SIDES = ["train"] * 60 + ["validation"] * 15 + ["test"] * 20
LEFT_OUT = 5


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    monkeypatch.setattr(step, "embed", lambda texts: np.full((len(texts), embedding.WIDTH), 0.05, dtype=np.float32))
    count = len(SIDES) + LEFT_OUT
    examples = pd.DataFrame(
        {
            "example_id": [f"e{place:03}" for place in range(count)],
            "text": [f"The printer in room {place} needs toner again, please" for place in range(count)],
            "context": "",
            "label": ["printer" if place % 2 else "toner" for place in range(count)],
            "document_id": [f"tickets/{place}" for place in range(count)],
            "explicit_id": True,
            "side": "",
            "builder": "table",
            "slices": '{"department": "it"}',
        }
    )
    write_frame(tmp_path / "examples.parquet", examples, EXAMPLES)
    write_frame(tmp_path / "lineage.parquet", examples.head(len(SIDES)).assign(side=SIDES), LINEAGE)
    asked = examples.iloc[75:95]
    answers = asked.assign(prediction="printer", confidence=0.8, probe="", tfidf="")
    write_frame(tmp_path / "predictions.parquet", answers, PREDICTIONS)
    return {name: tmp_path / f"{name}.parquet" for name in ("examples", "lineage", "predictions")}


def run(given: dict[str, Path], folder: Path, rows: int = 1000) -> tuple[pd.DataFrame, pd.DataFrame]:
    written = {"profile": folder / "profile.parquet", "seen": folder / "seen.parquet"}
    step.profile(**given, **written, params=ProfileParams(seed=3, reference_rows=rows))
    return read_frame(written["profile"]), read_frame(written["seen"])


def test_every_row_of_the_three_sides_is_kept_and_the_test_rows_have_their_answers(
    given: dict[str, Path], tmp_path: Path
) -> None:
    kept, _ = run(given, tmp_path)
    assert list(kept.columns) == list(PROFILE)
    assert kept["side"].value_counts().to_dict() == {"train": 60, "test": 20, "validation": 15}
    asked = kept[kept["side"] == "test"]
    assert (asked["correct"] == (asked["label"] == "printer")).all()
    assert kept.loc[kept["side"] != "test", ["prediction", "confidence", "correct"]].isna().all(axis=None)
    first = kept.iloc[0]
    assert (first["language"], first["department"], first["characters"]) == ("en", "it", 47)
    assert first["words"] == "0 again in needs please printer room the toner"
    assert len(first["vector"]) == embedding.WIDTH


def test_every_example_counts_as_seen_even_those_that_the_split_left_out(
    given: dict[str, Path], tmp_path: Path
) -> None:
    _, seen = run(given, tmp_path)
    assert list(seen.columns) == list(SEEN)
    assert (len(seen), (seen["side"] == "").sum()) == (len(SIDES) + LEFT_OUT, LEFT_OUT)


def test_of_many_rows_so_many_are_kept_and_the_same_at_every_run(given: dict[str, Path], tmp_path: Path) -> None:
    kept, seen = run(given, tmp_path / "first", rows=50)
    run(given, tmp_path / "again", rows=50)
    assert (len(kept), len(seen)) == (50, len(SIDES) + LEFT_OUT)
    for name in ("profile.parquet", "seen.parquet"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
