"""Systems of known order, put in order by ROUGE-L alone: what a paired test tells apart, and what it calls a tie."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from dataclasses import asdict
from itertools import combinations, pairwise
from typing import Any

from benchmarks.machine import shared_data
from benchmarks.page import table
from retune.core.metrics import rougeL
from retune.core.paired import compare_values
from retune.core.resampling import mean_bounds
from retune.core.statistics import p_text

ANSWERS = "instructions/self_instruct_model_outputs.jsonl.gz"
# The systems of Wang et al. (2023, arXiv:2212.10560), from the untuned one to the two that came last, which are alike
# here. An eighth, tuned on the authors' own instructions and on SuperNI as well, has no known place.
KNOWN = (
    ("davinci",),
    ("davinci-t0-ft",),
    ("davinci-superni-ft",),
    ("davinci-self-instruct",),
    ("text-davinci-001",),
    ("text-davinci-002", "text-davinci-003"),
)
SEED, ALPHA = 7, 0.05


def measure() -> dict[str, Any]:
    """Score every system's answers, and compare each with each on the same tasks."""
    values, empty = scored()
    means = {system: sum(found) / len(found) for system, found in values.items()}
    order = sorted(means, key=lambda system: means[system])
    return {
        "tasks": len(values[order[0]]),
        "alpha": ALPHA,
        "order": order,
        "systems": {system: _described(values[system]) | {"empty": empty[system]} for system in order},
        "pairs": holm([_compared(values, lower, upper) for lower, upper in combinations(order, 2)]),
    }


def scored() -> tuple[dict[str, list[float]], dict[str, int]]:
    """Return the ROUGE-L of each system's answers, tasks in the same order, and how many answers are empty."""
    rows: dict[str, dict[int, dict[str, str]]] = defaultdict(dict)
    with gzip.open(shared_data() / ANSWERS, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            rows[row["model"]][row["n"]] = row
    values, empty = {}, {}
    for system, by_task in rows.items():
        tasks = [by_task[number] for number in sorted(by_task)]
        answers = [row["prediction"] for row in tasks]
        values[system] = rougeL.values([[row["reference"]] for row in tasks], answers)
        empty[system] = sum(not answer.strip() for answer in answers)
    return values, empty


def _described(values: list[float]) -> dict[str, float]:
    """Return a system's mean with its 95 % interval."""
    low, high = mean_bounds(values, None, SEED)
    return {"value": sum(values) / len(values), "low": low, "high": high}


def _compared(values: dict[str, list[float]], lower: str, upper: str) -> dict[str, Any]:
    """Return the paired comparison of two systems, the one with the lower mean first."""
    return {"lower": lower, "upper": upper, **asdict(compare_values(values[lower], values[upper], SEED))}


def holm(pairs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add to each pair its p after Holm (1979), as there are so many, and whether it is told apart."""
    found, largest = [], 0.0
    for place, pair in enumerate(sorted(pairs, key=lambda one: float(one["p"]))):
        largest = max(largest, min((len(pairs) - place) * pair["p"], 1.0))
        found.append({**pair, "p_of_all": largest, "outcome": "better" if largest < ALPHA else "tie"})
    return found


def agreement(measured: dict[str, Any]) -> dict[str, int]:
    """Count the pairs of known order that are told apart rightly, told apart wrongly, and called a tie."""
    level = {system: place for place, systems in enumerate(KNOWN) for system in systems}
    counts = {"right": 0, "wrong": 0, "tie": 0, "known ties": 0, "known ties called a tie": 0}
    for pair in measured["pairs"]:
        if pair["lower"] not in level or pair["upper"] not in level:
            continue
        rises, is_tie = level[pair["upper"]] - level[pair["lower"]], pair["outcome"] == "tie"
        if rises == 0:
            counts["known ties"] += 1
            counts["known ties called a tie"] += is_tie
        else:
            counts["tie" if is_tie else "right" if rises > 0 else "wrong"] += 1
    return counts


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    systems, pairs = measured["systems"], {(one["lower"], one["upper"]): one for one in measured["pairs"]}
    steps: list[dict[str, Any] | None] = [None, *(pairs[step] for step in pairwise(measured["order"]))]
    rows = [
        [f"`{system}`", _interval(systems[system]), systems[system]["empty"], *_step(step)]
        for system, step in zip(measured["order"], steps, strict=True)
    ]
    head = ["from worst to best", "ROUGE-L (95 %)", "empty answers", "gain over the one above", "paired test"]
    counts = agreement(measured)
    told = (
        f"Of the {counts['right'] + counts['wrong'] + counts['tie']} pairs whose order is known, the paired test tells "
        f"{counts['right']} apart in that order and {counts['wrong']} the other way round, and calls {counts['tie']} a "
        f"tie, at a level of {measured['alpha']:.0%} for all pairs together (Holm). The best two, "
        f"`{measured['order'][-2]}` and `{measured['order'][-1]}`, are called "
        f"{_called(pairs[measured['order'][-2], measured['order'][-1]])}. The least p it gives is 0.0001."
    )
    about = (
        f"Answers to the same {measured['tasks']} tasks (Self-Instruct, Wang et al. 2023), each with one reference. Of "
        "`davinci-self-instruct-and-superni-ft` no order is known."
    )
    return [about, "", *table(head, rows), "", told]


def _step(pair: dict[str, Any] | None) -> list[str]:
    """Return gain and test of one system over the one below it."""
    if pair is None:
        return ["", ""]
    gain = f"{pair['gain']:+.3f} [{pair['gain_low']:+.3f}, {pair['gain_high']:+.3f}]"
    return [gain, f"{p_text(pair['p'])}, of all {p_text(pair['p_of_all'])}: {_called(pair)}"]


def _called(pair: dict[str, Any]) -> str:
    """Return the outcome in words."""
    return "better" if pair["outcome"] == "better" else "a tie"


def _interval(found: dict[str, float]) -> str:
    """Return a mean with its interval."""
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"
