"""Years of real documents, month by month: when drift is called, and what retraining by it gains, beside a calendar.

Two dated sets: the developer manual of GOV.UK, whose sections are the labels, and CISA's known exploited
vulnerabilities, whose vendors are. A document counts in the month in which its text first appears. The model is the
probe, trained in a second, and each retraining goes live: what is measured is when to retrain, not the gate.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.machine import shared_data
from benchmarks.page import table
from retune.core.drift.compare import compare
from retune.core.drift.finding import DRIFT
from retune.core.drift.rows import described
from retune.core.drift.sample import sample
from retune.core.drift.trigger import Window, decide
from retune.core.hashing import unit_interval
from retune.core.params.monitor import MonitorParams, TriggerParams
from retune.io.settings import read_section

ROOT = Path(__file__).parent.parent
PLOT = ROOT / "docs" / "replay.svg"
ORGANISATION = ("organisations", "govuk-developer-docs")
FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n(.*)", re.DOTALL)
SECTION = re.compile(r"^section: *[\"']?(.+?)[\"']? *$", re.MULTILINE)
RARE = 5  # rows; a label with fewer in all years is left out, as the pipeline does
HELD_OUT = 0.25  # of each training's rows, for quality and confidence
STRENGTH = 3.0
POLICIES = ("never", "drift", "every month")
SMOOTHED_MONTHS = 6
# Windows are a month apart: two of five days of the template would be two of five months.
TRIGGER = TriggerParams(windows=2, of=3, cooldown_hours=24, runs_per_day=1)


@dataclass
class Live:
    """A model that answers, and what it learnt from."""

    rows: pd.DataFrame
    model: Any
    windows: list[Window] = field(default_factory=list)


def measure() -> dict[str, Any]:
    """Replay both sets under the three policies, and draw them."""
    params = read_section(ROOT / "params.yaml", "models.ticket-router.monitor", MonitorParams)
    sources: dict[str, tuple[Callable[[], pd.DataFrame], str]] = {
        "GOV.UK developer manual": (govuk, "2018-01"),
        "CISA KEV": (vulnerabilities, "2022-06"),
    }
    found = {name: replayed(prepared(read()), start, params) for name, (read, start) in sources.items()}
    draw(found)
    return {"trigger": TRIGGER.model_dump(), "minimum_rows": params.minimum_rows, "alpha": params.alpha, "sets": found}


def govuk() -> pd.DataFrame:
    """Return each text of the manual with its section and the day on which a commit first touched that version."""
    place = shared_data().joinpath(*ORGANISATION)
    snapshots = sorted(place.glob("snapshot-*.tar.gz"))
    touched = list(_touched(place / "changes.jsonl.gz"))
    rows, before = [], ""
    for snapshot in snapshots:
        day = snapshot.name[len("snapshot-") : -len(".tar.gz")]
        first = {path: when for when, path in sorted(touched, reverse=True) if before < when <= day}
        rows += [
            {"document_id": path, "date": first.get(path, day), "text": text, "label": section}
            for path, section, text in _documents(snapshot)
        ]
        before = day
    return pd.DataFrame(rows)


def _touched(changes: Path) -> Iterator[tuple[str, str]]:
    """Yield the day and path of each change."""
    with gzip.open(changes, "rt", encoding="utf-8") as lines:
        for line in lines:
            commit = json.loads(line)
            for change in commit["changes"]:
                yield commit["date"][:10], change[-1]


def _documents(snapshot: Path) -> Iterator[tuple[str, str, str]]:
    """Yield path, section and text of each document that names its section."""
    with tarfile.open(snapshot) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            found = FRONT_MATTER.match((content or io.BytesIO()).read().decode("utf-8", "replace"))
            section = SECTION.search(found.group(1)) if found else None
            if found and section and found.group(2).strip():
                yield member.name, section.group(1), found.group(2).strip()


def vulnerabilities() -> pd.DataFrame:
    """Return each vulnerability with its vendor."""
    with gzip.open(shared_data() / "dated" / "cisa_kev.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return pd.DataFrame(
        {
            "document_id": row["cveID"],
            "date": row["dateAdded"],
            "text": f"{row['product']}: {row['shortDescription']}",
            "label": row["vendorProject"],
        }
        for row in rows
    )


def prepared(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows by date, each text once, without rare labels, with vectors and what else drift looks at."""
    from retune.modeling.embedding import embed

    rows = rows.sort_values(["date", "document_id"], kind="stable").drop_duplicates("text")
    rows = rows[rows.groupby("label")["label"].transform("size") >= RARE].reset_index(drop=True)
    texts = rows["text"].tolist()
    held_out = ["test" if unit_interval(name, 17) < HELD_OUT else "train" for name in rows["document_id"]]
    more = described(texts).assign(vector=list(embed(texts)), month=rows["date"].str[:7], side=held_out)
    return pd.concat([rows, more], axis=1)


def replayed(rows: pd.DataFrame, start: str, params: MonitorParams) -> dict[str, Any]:
    """Return what each policy answered month after month, when it trained, and what each training by drift gained."""
    live = {policy: trained(rows[rows["month"] <= start]) for policy in POLICIES}
    months = sorted(set(rows["month"][rows["month"] > start]))
    right: dict[str, list[int]] = {policy: [] for policy in POLICIES}
    trainings: dict[str, list[str]] = {policy: [] for policy in POLICIES}
    verdicts: dict[str, str] = {}
    gains: list[dict[str, Any]] = []
    for month in months:
        asked, known = rows[rows["month"] == month], rows[rows["month"] <= month]
        for policy in POLICIES:
            right[policy].append(int((answers(live[policy], asked)[0] == asked["label"]).sum()))
        verdicts[month], due = watched(live["drift"], known, month, params)
        if due:
            gains.append(gain(live["drift"], trained(known), rows, month))
            live["drift"] = trained(known)
            trainings["drift"].append(month)
        live["every month"] = trained(known)
        trainings["every month"].append(month)
    sizes = [int((rows["month"] == month).sum()) for month in months]
    return {
        "rows": len(rows), "labels": int(rows["label"].nunique()), "start": start, "months": months, "sizes": sizes,
        "right": right, "trainings": trainings, "verdicts": verdicts, "gains": gains,
        "accuracy": {policy: sum(right[policy]) / sum(sizes) for policy in POLICIES},
    }  # fmt: skip


def trained(rows: pd.DataFrame) -> Live:
    """Return a model that learnt from the rows of the side `train`."""
    from sklearn.linear_model import LogisticRegression

    learnt = rows[rows["side"] == "train"]
    model = LogisticRegression(C=STRENGTH, max_iter=300).fit(np.stack(list(learnt["vector"])), learnt["label"])
    return Live(rows, model)


def answers(live: Live, rows: pd.DataFrame) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return predictions and confidences."""
    shares = live.model.predict_proba(np.stack(list(rows["vector"])))
    return live.model.classes_[shares.argmax(axis=1)], shares.max(axis=1)


def answered(live: Live, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the model's answers."""
    predictions, confidences = answers(live, rows)
    is_right = (predictions == rows["label"]).astype("float64")
    return rows.assign(prediction=predictions, confidence=confidences, correct=is_right)


def watched(live: Live, known: pd.DataFrame, month: str, params: MonitorParams) -> tuple[str, bool]:
    """Return the verdict on what is new since the training, and whether the policy `drift` trains now."""
    new = known[known["month"] > live.rows["month"].max()]
    if len(new) < params.minimum_rows:
        return "not enough data", False
    window = sample(answered(live, new).drop(columns="side"), params)
    verdict = compare(answered(live, live.rows), window, params).verdict
    now = datetime.fromisoformat(f"{month}-28").replace(tzinfo=UTC)
    live.windows.append(Window("documents", now, verdict))
    return verdict, decide(live.windows, [], now + timedelta(hours=1), TRIGGER).retrain


def gain(old: Live, new: Live, rows: pd.DataFrame, month: str) -> dict[str, Any]:
    """Return how both models answer the next twelve months."""
    year_later = f"{int(month[:4]) + 1}{month[4:]}"
    ahead = rows[(rows["month"] > month) & (rows["month"] <= year_later)]
    if ahead.empty:
        return {"month": month, "rows": 0}
    shares = {name: float((answers(live, ahead)[0] == ahead["label"]).mean()) for name, live in
              (("before", old), ("after", new))}  # fmt: skip
    return {"month": month, "rows": len(ahead), **shares}


def draw(found: dict[str, dict[str, Any]]) -> None:
    """Draw the accuracy of the policies over the months, and when the policy `drift` trained."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "retune"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(len(found), 1, figsize=(11, 3.1 * len(found)), layout="constrained")
    colours = {"never": "#b0413e", "drift": "#1f6f8b", "every month": "#7a7a7a"}
    for axis, (name, one) in zip(np.atleast_1d(axes), found.items(), strict=True):
        places = range(len(one["months"]))
        for policy in POLICIES:
            style = "--" if policy == "every month" else "-"
            label = f"{policy}: {one['accuracy'][policy]:.3f}, {len(one['trainings'][policy])} trainings"
            axis.plot(places, _smooth(one["right"][policy], one["sizes"]), style, color=colours[policy], label=label)
        for month in one["trainings"]["drift"]:
            axis.axvline(one["months"].index(month), color=colours["drift"], alpha=0.35, linewidth=1)
        years = [place for place in places if place == 0 or one["months"][place][:4] != one["months"][place - 1][:4]]
        axis.set_xticks(years, [one["months"][place][:4] for place in years])
        axis.set_title(f"{name}: accuracy on new documents, {SMOOTHED_MONTHS} months together", fontsize=10)
        axis.legend(title="retrained", fontsize=8, title_fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1))
        axis.set_ylim(0, 1)
    figure.savefig(PLOT, metadata={"Date": None})
    plt.close(figure)


def _smooth(right: list[int], sizes: list[int]) -> list[float]:
    """Return the share of right answers over the last months."""
    spans = [slice(max(0, place - SMOOTHED_MONTHS + 1), place + 1) for place in range(len(sizes))]
    return [sum(right[span]) / max(1, sum(sizes[span])) for span in spans]


def tell(measured: dict[str, Any]) -> list[str]:
    """Return the result as markdown."""
    lines = ["![accuracy month by month under the three policies](replay.svg)", ""]
    for name, one in measured["sets"].items():
        called = sum(verdict == DRIFT for verdict in one["verdicts"].values())
        few = sum(verdict == "not enough data" for verdict in one["verdicts"].values())
        about = (
            f"**{name}**: {one['rows']} texts, {one['labels']} labels; learnt until {one['start']}, then "
            f"{len(one['months'])} months with {sum(one['sizes'])} new texts. Drift was called in {called} of them, "
            f"{few} had not enough data."
        )
        lines += [
            about,
            "",
            *table(
                ["retrained", "trainings", "accuracy on all new texts"],
                [[policy, len(one["trainings"][policy]), f"{one['accuracy'][policy]:.3f}"] for policy in POLICIES],
            ),
            "",
            *table(
                ["training by drift", "texts in the year after", "old model", "new model"],
                [
                    [item["month"], item["rows"], *(f"{item[side]:.3f}" for side in ("before", "after"))]
                    for item in one["gains"]
                    if item["rows"]
                ],
            ),
            "",
        ]
    return lines
