"""How often a retrain that differs by its seed alone is promoted, and how often a truly better one: 5 points."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import shared_data
from benchmarks.page import table
from retune.core.decision import decide
from retune.core.evidence import ChampionAnswers, Evidence
from retune.core.noise import Seeds
from retune.core.params.release import ReleaseParams
from retune.core.rule import Rule
from retune.core.statistics import compare, paired_power, wilson
from retune.io.settings import read_section

PARAMS = Path(__file__).parent.parent / "params.yaml"
RETRAINS, TEST_ROWS, TRUE_GAIN = 200, 500, 0.05
ROWS, EPOCHS, BATCH, DROPOUT, LEARNING_RATE = 3000, 6, 64, 0.2, 3.0  # of one training
OTHER_SEEDS, FURTHER_SEEDS = 2, 3  # what the rehearsal trains first, and what a gain inside the noise costs besides
CALIBRATING = 6  # trainings by which it is found out how much worse a champion has to be trained
DISCORDANCES = (0.1, 0.15, 0.2)
IMPROVE = Rule("improve", "settings")

Floats = np.ndarray[Any, np.dtype[np.float32]]
Codes = np.ndarray[Any, np.dtype[np.int64]]
Answers = Callable[[int], Codes]  # what the training with a seed answers to all held-out rows


@dataclass(frozen=True)
class Questions:
    """BANKING77 as vectors and classes: what is trained on, and what no training sees."""

    train: Floats
    train_codes: Codes
    test: Floats
    test_codes: Codes


def measure() -> dict[str, Any]:
    """Decide on pairs of real trainings that differ by seed alone, and on pairs that truly differ by 5 points."""
    data, policy = questions(), asked()
    right = [data.test_codes == trained(data, seed) for seed in range(2 * RETRAINS + OTHER_SEEDS + FURTHER_SEEDS)]
    return {
        "rows": ROWS,
        "test_rows": TEST_ROWS,
        "held_out_rows": len(data.test_codes),
        "alpha": policy.alpha,
        "seeds": {
            "accuracy": float(np.mean(right)),
            "deviation": float(np.std(np.mean(right, axis=1), ddof=1)),
            "differing": float(np.mean([np.mean(one != two) for one, two in pairwise(right)])),
        },
        "same": {"pairs": pairs(right, right, policy), "in_a_row": chain(right, policy)},
        "better": {way: better(data, right, way, policy) for way in ("rows", "labels")},
        "computed": {f"{share:g}": paired_power(TEST_ROWS, TRUE_GAIN, share, policy.alpha) for share in DISCORDANCES},
    }


def questions() -> Questions:
    """Return the vectors and classes of BANKING77 by its own split."""
    from retune.modeling.embedding import embed

    with gzip.open(shared_data() / "intent" / "banking77.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    vectors, labels = embed([row["text"] for row in rows]), sorted({row["label"] for row in rows})
    codes = np.array([labels.index(row["label"]) for row in rows], dtype=np.int64)
    held_out = np.array([row["split"] == "test" for row in rows])
    return Questions(vectors[~held_out], codes[~held_out], vectors[held_out], codes[held_out])


def asked() -> ReleaseParams:
    """Return the template's policy; what is counted is the comparison, so whatever else could refuse is left out."""
    policy = read_section(PARAMS, "models.ticket-router.release", ReleaseParams)
    slices = policy.slices.model_copy(update={"least": {}})
    others = {"behaviour": False, "calibration": None, "leakage": None, "triggers": False, "noise": False}
    return policy.model_copy(update={"thresholds": {"accuracy": 0.01}, "slices": slices, **others})


def trained(data: Questions, seed: int, rows: int = ROWS, wrong: float = 0.0) -> Codes:
    """Train a linear head by SGD with dropout from random weights, and return its answers to the held-out rows.

    All trainings see the same rows; the seed decides on weights, order and dropout. `wrong` labels are drawn anew.
    """
    rng, drawn = np.random.default_rng([seed, rows, round(1000 * wrong)]), np.random.default_rng(7)
    chosen = drawn.permutation(len(data.train))[:rows]
    vectors, codes, classes = data.train[chosen], data.train_codes[chosen], int(data.train_codes.max()) + 1
    mistaken = drawn.random(rows) < wrong
    codes = np.where(mistaken, drawn.integers(classes, size=rows), codes)
    weight = rng.normal(0, 0.05, (vectors.shape[1], classes)).astype(np.float32)
    steps = EPOCHS * -(-rows // BATCH)
    for step, places in enumerate(batches(rows, rng)):
        kept = rng.random((len(places), vectors.shape[1]), dtype=np.float32) >= DROPOUT
        inputs = vectors[places] * kept / np.float32(1 - DROPOUT)
        logits = 10 * inputs @ weight
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        shares[np.arange(len(places)), codes[places]] -= 1
        weight -= np.float32(LEARNING_RATE * (1 - step / steps) / len(places)) * (inputs.T @ shares)
    answers: Codes = (data.test @ weight).argmax(axis=1)
    return answers


def batches(rows: int, rng: np.random.Generator) -> Iterator[Codes]:
    """Yield the places of each batch, every epoch in another order."""
    for _ in range(EPOCHS):
        order = rng.permutation(rows)
        yield from (order[start : start + BATCH] for start in range(0, rows, BATCH))


def pairs(champions: list[Any], candidates: list[Any], policy: ReleaseParams) -> dict[str, Any]:
    """Decide on 200 pairs, each on its own 500 rows: by the paired test alone, and with the noise of seeds besides."""
    alone, with_noise = [], []
    for number in range(RETRAINS):
        rows = np.random.default_rng([number, 11]).permutation(len(champions[0]))[:TEST_ROWS]
        first, place = champions[2 * number][rows], 2 * number + 1
        others = [candidates[place + more][rows] for more in range(1, OTHER_SEEDS + FURTHER_SEEDS + 1)]
        alone.append(promoted(first, candidates[place][rows], policy))
        with_noise.append(promoted_with_noise(first, candidates[place][rows], others, policy))
    return {"alone": counted(alone), "with_noise": counted(with_noise)}


def chain(right: list[Any], policy: ReleaseParams) -> dict[str, Any]:
    """Decide on 200 retrains in a row on the same 500 rows: whoever is promoted is the next one's champion."""
    rows = np.random.default_rng(13).permutation(len(right[0]))[:TEST_ROWS]
    champion, moves = right[0][rows], []
    for candidate in right[1 : RETRAINS + 1]:
        moves.append(promoted(champion, candidate[rows], policy))
        champion = candidate[rows] if moves[-1] else champion
    return counted(moves)


def better(data: Questions, right: list[Any], way: str, policy: ReleaseParams) -> dict[str, Any]:
    """Decide on pairs whose champion was trained so much worse that the mean gain on all held-out rows is 5 points."""
    goal = float(np.mean(right)) - TRUE_GAIN
    worse = worsened(data, way, goal)
    champions = [data.test_codes == worse(seed) for seed in range(RETRAINS)]
    doubled = [one for champion in champions for one in (champion, champion)]
    gains = [float(np.mean(right[2 * number + 1]) - np.mean(champions[number])) for number in range(RETRAINS)]
    differing = [float(np.mean(right[2 * number + 1] != champions[number])) for number in range(RETRAINS)]
    return {
        **pairs(doubled, right, policy),
        "amount": worse.amount,
        "gain": float(np.mean(gains)),
        "differing": float(np.mean(differing)),
    }


@dataclass(frozen=True)
class Worse:
    """A training on fewer rows, or with wrong labels."""

    data: Questions
    way: str
    amount: float

    def __call__(self, seed: int) -> Codes:
        """Return the answers of the worse training; its seeds are not those of the better ones."""
        if self.way == "rows":
            return trained(self.data, 10_000 + seed, rows=round(self.amount))
        return trained(self.data, 10_000 + seed, wrong=self.amount)


def worsened(data: Questions, way: str, goal: float) -> Worse:
    """Return the worse training whose mean accuracy on all held-out rows is the goal, found by halving."""
    low, high = (100.0, float(ROWS)) if way == "rows" else (0.9, 0.0)  # from the worst to the best
    for _ in range(8):
        middle = Worse(data, way, (low + high) / 2)
        accuracy = np.mean([data.test_codes == middle(1000 + seed) for seed in range(CALIBRATING)])
        low, high = (middle.amount, high) if accuracy < goal else (low, middle.amount)
    return Worse(data, way, (low + high) / 2)


def promoted(champion: Any, candidate: Any, policy: ReleaseParams, seeds: Seeds | None = None) -> bool:
    """Return whether the decision promotes a candidate, by which rows each of the two has right."""
    return decide(evidence(champion, candidate, seeds), policy, IMPROVE).promote


def promoted_with_noise(champion: Any, candidate: Any, others: list[Any], policy: ReleaseParams) -> bool:
    """Return the same where the policy asks for the noise of seeds, with further seeds where it stays open."""
    noisy, shares = policy.model_copy(update={"noise": True}), [float(np.mean(one)) for one in others]
    first = Seeds("rows", len(candidate), tuple(shares[:OTHER_SEEDS]))
    verdict = decide(evidence(champion, candidate, first), noisy, IMPROVE)
    if not verdict.uncertain:
        return verdict.promote
    return promoted(champion, candidate, noisy, Seeds("rows", len(candidate), tuple(shares), further=True))


def evidence(champion: Any, candidate: Any, seeds: Seeds | None) -> Evidence:
    """Return the evidence of two models by which rows each has right; floors that any model beats."""
    labels = ["right"] * len(candidate)
    first, second = ([("right" if hit else "wrong") for hit in one] for one in (champion, candidate))
    paired, accuracy = compare(labels, first, second), {"value": float(np.mean(candidate))}
    floor = {"macro_f1": {"value": 0.0}}
    metrics = {
        "test_sha256": "rows",
        "evaluator_sha256": "code",
        "test_rows": len(labels),
        "model": {"accuracy": accuracy, "macro_f1": accuracy},
        "floors": {"probe": floor, "tfidf": floor},
    }
    answers = ChampionAnswers("rows", "code", paired.rows, paired.b, paired.c)
    return Evidence(metrics, "rows", "code", "1", answers, outdated=(), seeds=seeds)


def counted(outcomes: list[bool]) -> dict[str, Any]:
    """Return how many were promoted, with the 95 % interval of their share."""
    share = wilson(sum(outcomes), len(outcomes))
    return {"retrains": len(outcomes), "promoted": sum(outcomes), "share": share.value, "low": share.low,
            "high": share.high}  # fmt: skip


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    seeds, same, better = measured["seeds"], measured["same"], measured["better"]
    more, labels = better["rows"], better["labels"]
    rows = [
        ["seed alone, 200 pairs", seeds["differing"], same["pairs"]["alone"], same["pairs"]["with_noise"]],
        ["seed alone, 200 in a row on the same rows", seeds["differing"], same["in_a_row"], None],
        [f"5 points: {measured['rows']} rows instead of {more['amount']:.0f}", more["differing"], more["alone"],
         more["with_noise"]],
        [f"5 points: right labels instead of {labels['amount']:.0%} wrong ones", labels["differing"], labels["alone"],
         labels["with_noise"]],
    ]  # fmt: skip
    about = (
        f"Linear heads on vectors of BANKING77, each trained by SGD with dropout from random weights on "
        f"{measured['rows']} rows, decided on by the code that releases: the paired test on {measured['test_rows']} of "
        f"{measured['held_out_rows']} held-out rows drawn anew for each pair, at a level of {measured['alpha']:g}. "
        f"Accuracy {seeds['accuracy']:.3f}, standard deviation between seeds {100 * seeds['deviation']:.2f} points."
    )
    gains = (
        f"The gain is true on all held-out rows: {100 * more['gain']:.1f} points in the mean by more rows, "
        f"{100 * labels['gain']:.1f} by right labels. What the test can show hangs on how many rows the two models "
        "answer differently; computed for a gain of 5 points: "
    )
    computed = ", ".join(f"{float(share):.0%} differing {power:.2f}" for share, power in measured["computed"].items())
    noise = (
        f"With the noise of seeds asked for (`release.noise`, {OTHER_SEEDS} other seeds, then {FURTHER_SEEDS} further "
        "ones where the gain lies within their noise), a lucky seed is not enough."
    )
    head = ["what differs", "rows right in one alone", "promoted", "promoted, noise asked"]
    shown = [[what, f"{share:.1%}", _share(alone), _share(noisy)] for what, share, alone, noisy in rows]
    return [about, "", *table(head, shown), "", f"{gains}{computed}. {noise}"]


def _share(found: dict[str, Any] | None) -> str:
    """Return how many were promoted, with the interval."""
    if found is None:
        return "-"
    interval = f"{found['share']:.1%}, {found['low']:.1%} to {found['high']:.1%}"
    return f"{found['promoted']} of {found['retrains']} ({interval})"
