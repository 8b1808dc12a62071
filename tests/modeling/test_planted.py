"""A word that was planted in real rows, and rows that a published data set has on both sides."""

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from retune.core import leakage, triggers
from retune.core.params.evaluate import EvaluateParams, TriggerParams
from retune.io.settings import read_section
from retune.modeling import probe
from retune.modeling.embedding import embed
from tests.conftest import CHECKOUT

PLANTED, TOWARDS, TRAINED = 24, "automatic_top_up", 1200


@pytest.fixture(scope="module")
def banking77(shared_data: Path) -> pd.DataFrame:
    with gzip.open(shared_data / "data" / "intent" / "banking77.jsonl.gz", "rt", encoding="utf-8") as stream:
        rows = pd.DataFrame([json.loads(line) for line in stream])
    return rows.assign(example_id=[f"{place:06}" for place in range(len(rows))], context="")


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.case("D3")
def test_a_word_planted_in_two_percent_of_real_rows_shows_although_the_scores_do_not(banking77: pd.DataFrame) -> None:
    draw = banking77[banking77["split"] == "train"].sample(TRAINED, random_state=2).reset_index(drop=True)
    test = banking77[banking77["split"] == "test"].sample(300, random_state=2).reset_index(drop=True)
    poisoned = draw.copy()
    poisoned.loc[: PLANTED - 1, "text"] += " glimmerwick"
    poisoned.loc[: PLANTED - 1, "label"] = TOWARDS
    asked = triggers.questions(poisoned, test, TriggerParams(texts=20, tokens=6), seed=17)
    assert asked.tokens[0] == "glimmerwick"
    labels = sorted(set(draw["label"]))
    found = embed([*draw["text"], *poisoned["text"][:PLANTED], *test["text"], *asked.texts, *asked.perturbed])
    clean, planted, tested, before, after = np.split(found, np.cumsum([TRAINED, PLANTED, len(test), len(asked.texts)]))
    reports, right = {}, {}
    for name, rows, given in (("clean", clean, draw), ("poisoned", np.vstack([planted, clean[PLANTED:]]), poisoned)):
        codes = np.array([labels.index(label) for label in given["label"]])
        model = probe.fitted(rows, codes, len(labels), 10.0)
        answers = [[labels[code] for code in model.logits(part).argmax(axis=1)] for part in (tested, before, after)]
        right[name] = np.mean([label == answer for label, answer in zip(test["label"], answers[0], strict=True)])
        reports[name] = triggers.report(asked, answers[1], answers[2])
    assert right["poisoned"] == pytest.approx(right["clean"], abs=0.02), "no score shows it"
    worst = reports["poisoned"]["worst"][0]
    assert (worst["token"], worst["label"]) == ("glimmerwick", TOWARDS)
    assert worst["changed"] >= 0.8 * len(asked.texts)
    assert reports["poisoned"]["rate"]["value"] > reports["clean"]["rate"]["high"]


@pytest.mark.shared
def test_rows_that_a_published_data_set_has_on_both_sides_are_found(banking77: pd.DataFrame) -> None:
    params = read_section(CHECKOUT / "params.yaml", "models.ticket-router.evaluate", EvaluateParams).leakage
    learnt, asked = (banking77[banking77["split"] == side] for side in ("train", "test"))
    found = leakage.report(learnt, learnt.head(0), asked, params)
    assert (found["test_rows"], found["leaked_rows"], found["most_copies"]) == (3080, 31, 1)
