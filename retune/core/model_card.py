"""The model card in the hub's format: front matter for machines, then what it is, learnt from, answers, and lacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from retune.core.statistics import Interval
from retune.core.version_facts import PASSED, VersionFacts, counted, interval, is_number

TASK_TYPES = {  # ours -> the hub's
    "classification": "text-classification",
    "sentiment": "text-classification",
    "multi_label_classification": "text-classification",
    "entity_recognition": "token-classification",
    "question_answering": "question-answering",
    "summarisation": "summarization",
    "translation": "translation",
    "text_generation": "text-generation",
    "chat": "text-generation",
    "continued_pretraining": "text-generation",
}
METRICS = {  # ours -> the hub's, where they differ
    **dict.fromkeys(
        ("macro_f1", "micro_f1", "weighted_f1", "set_micro_f1", "set_macro_f1", "entity_f1", "span_f1"), "f1"
    ),
    **dict.fromkeys(("rouge1", "rouge2", "rougeL"), "rouge"),
    "balanced_accuracy": "accuracy",
    "subset_accuracy": "accuracy",
    "matthews": "matthews_correlation",
}


WRITTEN = "What it writes may be wrong however well it reads: the scores count words that agree, not what is true."


def card(facts: VersionFacts) -> str:
    """Return the card as Markdown; a value that was not measured is said to be unknown, never left out.

    The front matter is that of https://github.com/huggingface/hub-docs/blob/main/modelcard.md.
    """
    head = yaml.safe_dump(front_matter(facts), sort_keys=False, allow_unicode=True, width=1000)
    version = f", version {facts.version}" if facts.version else ""
    sections = [
        f"---\n{head}---\n\n# {facts.model}{version}",
        f"Fingerprint `{facts.fingerprint}`. {_stands(facts)}",
        "## What it is\n\n" + table(["", ""], _what(facts)),
        "## What it learnt from\n\n" + table(["", ""], _data(facts)),
        "## What the gates said\n\n" + table(["gate on", "check", "verdict", "value", "limit"], _gates(facts)),
        "## How well it answers\n\n" + table(["", "score", "95 % interval"], _scores(facts)) + _tuning(facts),
        "## Limits\n\n" + "\n".join(f"- {line}" for line in limits(facts)),
        "## Time, cost and energy\n\n" + _footprint(facts),
    ]
    return "\n\n".join(sections) + "\n"


def front_matter(facts: VersionFacts) -> dict[str, Any]:
    """Return what the hub reads: licence, base, languages, task type, scores and emissions, where they are known."""
    languages = sorted((facts.metrics.get("slices") or {}).get("language") or [])
    kind = TASK_TYPES.get(str(facts.settings.get("task_type")), str(facts.settings.get("task_type") or "other"))
    found = {
        "license": str(facts.base.get("licence") or "unknown").lower(),
        "base_model": base_name(facts),
        "language": [one for one in languages if len(one) == len("en")],
        "library_name": "mlflow",
        "pipeline_tag": kind,
        "tags": ["retune", *(str(facts.settings[key]) for key in ("family", "method") if facts.settings.get(key))],
        "metrics": list(dict.fromkeys(METRICS.get(name, name) for name in facts.metrics.get("model") or {})),
        "co2_eq_emissions": _emissions(facts),
        "model-index": [{"name": facts.model, "results": [_result(facts, kind)]}],
    }
    return {key: value for key, value in found.items() if value}


def base_name(facts: VersionFacts) -> str:
    """Return the base as the hub names it: one that is bundled has its upstream name before the `@` of its revision."""
    name, revision = str(facts.base.get("id") or ""), str(facts.base.get("revision") or "")
    return revision.partition("@")[0] if name.startswith("bundled:") and revision else name


def _emissions(facts: VersionFacts) -> dict[str, Any]:
    """Return the emissions of making it in grams, with the method."""
    grams = (facts.footprint.get("total") or {}).get("grams_co2e")
    if not is_number(grams):
        return {}
    hardware = ", ".join(str(facts.timings[key]) for key in ("device", "machine") if facts.timings.get(key))
    found = {"emissions": grams, "source": facts.footprint["method"], "training_type": "fine-tuning"}
    return {**found, **({"hardware_used": hardware} if hardware else {})}


def _result(facts: VersionFacts, kind: str) -> dict[str, Any]:
    """Return the scores on the test rows as one entry of the hub's model index."""
    md5 = next((one.get("md5") for one in facts.datasets if one.get("name") == "test"), None)
    scores = [
        {"type": METRICS.get(name, name), "value": at.value, "name": f"{name.replace('_', ' ')} ({_bounds(at)})"}
        for name in facts.metrics.get("model") or {}
        for at in [interval(facts.metrics, "model", name)]
        if at is not None
    ]
    dataset = {"type": "internal", "name": f"test rows of {facts.model}", "split": "test"}
    return {
        "task": {"type": kind},
        "dataset": {**dataset, **({"revision": md5} if md5 else {})},
        "metrics": scores,
    }


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; bars in cells are escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def _stands(facts: VersionFacts) -> str:
    """Return what was decided on it, as of when the card was written."""
    decided = facts.decision
    if decided is None:
        return "Not decided on yet."
    return (
        f"As of {facts.as_of}: {decided.outcome.replace('_', ' ')} on {decided.when} by {decided.who}: {decided.why}."
    )


def _what(facts: VersionFacts) -> list[list[str]]:
    """Return the rows on base and training."""
    rows = [
        ["base", _shown(facts.base.get("id"))],
        ["revision", _shown(facts.base.get("revision"))],
        ["sha256 of the base's weights", _shown(facts.base.get("weights_sha256"))],
        ["licence of the base", _shown(facts.base.get("licence"))],
    ]
    plain = {key: value for key, value in facts.facts.items() if isinstance(value, str | int | float)}
    return rows + [[key.replace("_", " "), _shown(value)] for key, value in sorted(plain.items())]


def _data(facts: VersionFacts) -> list[list[str]]:
    """Return documents and rows, and the hashes by which DVC knows them."""
    rows = [["files", _shown(counted(facts.counts, "ingest").get("rows_in"))],
            ["documents", _shown(counted(facts.counts, "deduplicate").get("rows_in"))],
            ["documents fit for training", _shown(counted(facts.counts, "validate").get("rows_out"))]]  # fmt: skip
    rows += [[f"{one['name']}, rows", _shown(one["rows"])] for one in facts.datasets if one.get("rows") is not None]
    return rows + [[f"{one['name']}, MD5 in DVC", _shown(one.get("md5"))] for one in facts.datasets]


def _gates(facts: VersionFacts) -> list[list[str]]:
    """Return one row per check of the gates on the data."""
    keys = ("gate", "status", "value", "limit")
    return [
        [subject, *(_shown(one.get(key)) for key in keys)] for subject, checks in facts.gates.items() for one in checks
    ]


def _scores(facts: VersionFacts) -> list[list[str]]:
    """Return one row per score of the model, and of the champion and each floor on the same rows."""
    sides: dict[str, Any] = {"": facts.metrics.get("model") or {}}
    if facts.against is not None:
        sides[f"version {facts.against.version}: "] = facts.against.scores
    sides |= {f"{floor}: ": one for floor, one in (facts.metrics.get("floors") or {}).items()}
    return [
        [f"{side}{name}", _shown(score.get("value")), f"{_shown(score.get('low'))} to {_shown(score.get('high'))}"]
        for side, scores in sides.items()
        for name, score in scores.items()
    ]


def _tuning(facts: VersionFacts) -> str:
    """Return the line on what tuning gained, and what more examples would bring."""
    lines = [facts.metrics.get("tuning"), (facts.metrics.get("learning_curve") or {}).get("line")]
    return "".join(f"\n\n{line}" for line in lines if line)


def limits(facts: VersionFacts) -> list[str]:
    """Return what the scores do not show."""
    metrics = facts.metrics
    unseen = ", ".join(metrics.get("unseen_labels") or []) or "none"
    found = metrics.get("slices") or {}
    languages = ", ".join(sorted(found.get("language") or [])) or "unknown"
    warned = [f"{one.get('reason')} (a gate on the {subject})" for subject, checks in facts.gates.items()
              for one in checks if one.get("status") != PASSED]  # fmt: skip
    return [
        f"Measured on {_shown(metrics.get('test_rows'))} held-out rows of the same source, and on nothing else.",
        f"Smallest gain that these rows can show: {_shown(metrics.get('smallest_gain'))}.",
        f"Languages of the test rows: {languages}.",
        *([f"Labels of the test rows that training never saw: {unseen}."] if facts.target == "label" else []),
        *warned,
        "A text of another language, queue or form than the documents above is answered all the same.",
        *([WRITTEN] if facts.target == "text" else []),
    ]


def _footprint(facts: VersionFacts) -> str:
    """Return the totals and the method."""
    found = facts.footprint
    if not found:
        return "Unknown: nothing was recorded."
    total, currency = found["total"], found.get("currency", "")
    names = {"seconds": "seconds", "gpu_seconds": "GPU-seconds", "tokens": "tokens of training",
             "price": f"cost, {currency}", "kwh": "energy, kWh", "grams_co2e": "emissions, g CO2e"}  # fmt: skip
    return table(["", ""], [[name, _shown(total.get(key))] for key, name in names.items()]) + f"\n\n{found['method']}"


def _bounds(at: Interval) -> str:
    """Return an interval in words."""
    return f"95 %: {at.low:.3f} to {at.high:.3f}"


def _shown(value: Any) -> str:
    """Return a value as a reader sees it."""
    if value is None or value == "":
        return "unknown"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
