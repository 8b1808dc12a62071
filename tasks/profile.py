"""Profile: what a model was trained on, as its monitor needs it: kept rows with their vectors, and all that it saw."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from retune.core.drift import rows
from retune.core.frames import PROFILE, SEEN
from retune.core.hashing import prompt_key, sha256_text
from retune.core.params.profile import ProfileParams
from retune.io.files import read_frame, write_frame
from retune.modeling.embedding import embed


def profile(
    *, examples: Path, lineage: Path, predictions: Path, profile: Path, seen: Path, params: ProfileParams
) -> None:
    """Write the kept rows of all three sides, the test rows with the model's answers, and the id of every example."""
    found, sides = read_frame(examples), read_frame(lineage)[["example_id", "side"]]
    prompts = zip(found["text"], found["context"], strict=True)
    all_seen = found.assign(text_sha256=[sha256_text(prompt_key(text, context)) for text, context in prompts])
    all_seen = all_seen.drop(columns="side").merge(sides, on="example_id", how="left").fillna({"side": ""})
    write_frame(seen, all_seen, SEEN)
    learnt = all_seen[all_seen["side"] != ""]
    kept = rows.chosen(learnt, params.reference_rows, params.seed).drop(columns="text_sha256").reset_index(drop=True)
    described = pd.concat([kept, rows.described(kept["text"].tolist())], axis=1)
    described["department"] = [json.loads(slices).get("department", "") for slices in kept["slices"]]
    described["vector"] = list(embed(kept["text"].tolist()))
    write_frame(profile, with_answers(described, read_frame(predictions)), PROFILE)


def with_answers(kept: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the model's answers to the test rows; on the others it learnt from there are none."""
    answers = predictions[["example_id", "prediction", "confidence"]]
    answered = kept.merge(answers, on="example_id", how="left")
    is_right = (answered["prediction"] == answered["label"]).astype("float64")
    return answered.assign(correct=is_right.where(answered["prediction"].notna()))
