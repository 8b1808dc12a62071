"""What a release looks at beside the scores: trainings with other seeds, and the same tokens put to the champion."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from retune import rehearsal
from retune.comparison import bench_of, champion_answers, rehearsed
from retune.core.run_report import ModelRow
from retune.io.files import read_frame, read_json, sha256_file, write_frame, write_json, write_text
from retune.io.registry import KEPT
from retune.project import read_project
from tasks.release import release
from tasks.track import track
from tests.modeling.conftest import TOY_SETTINGS
from tests.toy_checkout import MODEL, train_toy

pytestmark = pytest.mark.usefixtures("reload_here")


def decided(checkout: Path) -> ModelRow:
    params = read_project(checkout).models[MODEL].release
    return release(root=checkout, model=MODEL, params=params, cause="by hand", now=datetime.now(UTC))


def change(checkout: Path, section: str, **values: Any) -> None:
    """Change settings of the model."""
    params = yaml.safe_load((checkout / "params.yaml").read_text())
    params["models"][MODEL][section] |= values
    write_text(checkout / "params.yaml", yaml.safe_dump(params))


def write_rehearsal(checkout: Path, shares: list[float]) -> None:
    """Write what the stage rehearse leaves: trainings that have these shares of the test rows right."""
    folder = checkout / "artifacts" / "models" / MODEL
    facts = {**read_json(folder / "train" / "facts.json"), "settings": {**TOY_SETTINGS, "epochs": 1, "seed": 2}}
    facts["settings"]["method_settings"] = {"rank": 2, "alpha": 4, "dropout": 0.0, "target": "all_linear"}
    write_json(folder / "train" / "facts.json", facts)
    test = read_frame(folder / "split" / "test.parquet")
    given = [
        {"seed": 3 + number, "example_id": row.example_id, "prediction": row.label if place < share * len(test) else ""}
        for number, share in enumerate(shares)
        for place, row in enumerate(test.itertuples())
    ]
    write_frame(folder / "rehearse" / "answers.parquet", pd.DataFrame(given), rehearsal.ANSWERS)
    hashes = {"facts_sha256": sha256_file(folder / "train" / "facts.json")}
    hashes["test_sha256"] = sha256_file(folder / "split" / "test.parquet")
    seeds = [3 + number for number in range(len(shares))]
    write_json(folder / "rehearse" / "rehearse.json", {**hashes, "seeds": seeds, "memorised": None})


@pytest.fixture
def candidate(checkout: Path, tiny_base: Path) -> Path:
    """Return a checkout in which version 2, which is right on all rows, stands against version 1, right on two."""
    for seed in (1, 2):
        train_toy(checkout, tiny_base, seed=seed, answers="billing", strength=float(seed))
        track(root=checkout, model=MODEL)
        if seed == 1:
            decided(checkout)
    return checkout


@pytest.mark.case("GT-4")
def test_a_gain_that_seeds_may_explain_is_looked_at_with_further_seeds_and_then_kept_out(
    candidate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETUNE_STATE", str(candidate / "state"))
    change(candidate, "release", noise=True)
    change(candidate, "rehearse", seeds=2, further_seeds=1)
    write_rehearsal(candidate, [0.0, 0.1])
    row = decided(candidate)
    assert (row.champion, row.promoted) == ("1", False)
    assert any("still uncertain with further seeds: 4 seeds gain" in reason for reason in row.reasons)
    assert bench_of(candidate, MODEL).registry.decisions()[0].outcome == KEPT
    assert len(list((candidate / "state" / "cache" / "rehearse").iterdir())) == 1


def test_a_gain_of_all_seeds_is_promoted(candidate: Path) -> None:
    change(candidate, "release", noise=True)
    change(candidate, "rehearse", seeds=2)
    write_rehearsal(candidate, [1.0, 0.95])
    assert decided(candidate).promoted


@pytest.mark.case("GT-8")
def test_a_rehearsal_of_another_training_is_no_evidence(candidate: Path) -> None:
    write_rehearsal(candidate, [1.0, 0.95])
    bench = bench_of(candidate, MODEL)
    seeds, memorised = rehearsed(bench)
    assert seeds is not None
    assert seeds.scores == (1.0, 23 / 24)
    assert memorised is None
    facts = bench.place.model / "train" / "facts.json"
    write_json(facts, {**read_json(facts), "seed": 9})
    assert rehearsed(bench) == (None, None)


def test_the_champion_is_asked_with_the_tokens_that_the_candidate_was_asked_with(candidate: Path) -> None:
    bench = bench_of(candidate, MODEL)
    champion = bench.registry.version("1")
    assert champion is not None
    first, again = champion_answers(bench, champion), champion_answers(bench, champion)
    texts = bench.settings.evaluate.triggers.texts
    assert first.triggers is not None
    assert first.triggers == again.triggers
    assert first.triggers.asked == texts * bench.settings.evaluate.triggers.tokens
    assert first.triggers.changed == 0, "it always answers the same"
