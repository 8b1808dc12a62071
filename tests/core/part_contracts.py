"""What each kind of part promises, one function per kind, checked on input that knows nothing of the part.

A new part is held to it by being there. tests/docs holds the examples of docs/extend.md to it too.
"""

from __future__ import annotations

import importlib.util
import json
import random
import re
import time
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from retune.core import examples, parts, redaction
from retune.core.frames import DOCUMENTS, EXAMPLES, PROFILE
from retune.core.gating import SUBJECTS, Limit, Measurement, about, check_limits, decide, gates
from retune.core.ingest import TODOS, Draft
from retune.core.ingest_formats import formats, parse
from retune.core.params.base import Settings
from retune.core.params.examples import ExamplesParams
from retune.core.params.ingest import ParsingParams
from retune.core.params.redact import RedactParams
from retune.core.params.validate import RowRules, rules_for
from tests.core.drift import toys as drift_toys
from tests.core.gates import toys
from tests.core.metrics import toys as metric_toys
from tests.core.recognizers.test_recognizers import TABLE

ROOT = Path(__file__).parents[2]
CANARY = "zanzibarquetzal"  # stands in every piece of garbage and may stand in no message about it
RANDOM = random.Random(11).randbytes(4_000)
GARBAGE = [
    b"", b"\0" * 500, b"\n \t\r\n", RANDOM, CANARY.encode() + RANDOM, f"{CANARY}\n".encode() * 20,
    f'{{"{CANARY}": ['.encode() + b"[" * 5_000, f"---\n{CANARY}: [\n---\n{CANARY}".encode(),
    f'<a {CANARY}="'.encode() + b"<" * 5_000, f'{CANARY},"{CANARY}\n'.encode() * 50,
]  # fmt: skip
RICH = "\n".join(text.replace("«", "").replace("»", "") for texts in TABLE.values() for text in texts)
PLACEHOLDERS = "[EMAIL_1] wrote to [PHONE_2] about [ACCESS_TOKEN_13], see [URL_CREDENTIALS_4]."
SENTENCE = "Мы встретились in Ælfsborg на 3-м этаже; 会議は十時に始まります。 Ça coûte 1.250,00 € 😀"
LONG = 200_000  # characters
SLOWEST_SECONDS = 5.0  # for LONG; the promise is a second per megabyte, and a busy machine may take much more


def example_of(settings: type[Settings]) -> Settings:
    """Return settings of a class that takes each field's smallest or simplest value."""
    schema = settings.model_json_schema()
    return settings.model_validate(_value(schema, schema.get("$defs", {})))


def _value(schema: dict[str, Any], known: dict[str, Any]) -> Any:
    """Return a value that a JSON schema allows."""
    if "$ref" in schema:
        return _value(known[schema["$ref"].rsplit("/", 1)[-1]], known)
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], known)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if schema["type"] == "array":
        return [_value(schema["items"], known)] * max(schema.get("minItems", 0), 1)
    if schema["type"] == "object":
        return {name: _value(field, known) for name, field in schema.get("properties", {}).items()}
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema))
    return {"string": "a", "boolean": True, "integer": least, "number": float(least), "null": None}[schema["type"]]


def check_format(name: str) -> None:
    """Hold a format to: suffixes of its own, a version, and for any bytes documents or a reason that repeats none."""
    part = formats()[name]
    assert all(re.fullmatch(r"\.[a-z0-9]+", suffix) for suffix in part.SUFFIXES)
    assert part.SUFFIXES
    assert not part.SUFFIXES & {suffix for other in formats() if other != name for suffix in formats()[other].SUFFIXES}
    assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", part.MEDIA_TYPE)
    assert part.VERSION
    start, inside = part.SIGNATURE
    settings = ParsingParams(tables=[], max_text_characters=100_000, max_unpacked_mb=20)
    for data in [*GARBAGE, *(start + garbage + inside for garbage in GARBAGE)]:
        for suffix in sorted(part.SUFFIXES):
            parsed = parse(data, f"folder/file{suffix}", settings)
            assert parsed == parse(data, f"folder/file{suffix}", settings)
            assert bool(parsed.parts) != bool(parsed.reason)
            drafts = [part for part in parsed.parts if isinstance(part, Draft)]
            assert all(
                draft.text.strip() and json.dumps(asdict(draft), ensure_ascii=False).encode() for draft in drafts
            )
            refused = [part for part in parsed.parts if not isinstance(part, Draft)]
            for reason, detail in [(parsed.reason, parsed.detail), *((part.reason, part.detail) for part in refused)]:
                assert not reason or reason in TODOS
                assert CANARY not in detail, "the message holds a piece of the document"


def check_recognizer(name: str) -> None:
    """Hold a recognizer to: ranges inside the text, no placeholder found, nothing left after it, linear time."""
    settings = RedactParams(recognizers=(name,), regions=("GB", "US"), keep=())
    (recognizer,) = redaction.load(settings)
    assert re.fullmatch(r"[A-Z][A-Z_]{0,39}[A-Z]", recognizer.entity_type)
    assert isinstance(recognizer.critical, bool)
    assert recognizer.find("") == recognizer.find(PLACEHOLDERS) == []
    for text in (RICH, *RICH.split("\n"), SENTENCE + RICH, "\0" + SENTENCE.upper()):
        found = recognizer.find(text)
        assert found == recognizer.find(text)
        assert all(0 <= start < end <= len(text) for start, end in found)
        assert all(recognizer.normalise(text[start:end]) for start, end in found)
    clean = redaction.redact({"text": RICH}, [recognizer], settings).fields
    assert redaction.redact(clean, [recognizer], settings).findings == []
    started = time.process_time()
    recognizer.find((RICH * (LONG // len(RICH) + 1))[:LONG])
    recognizer.find("a1" * (LONG // 2))
    assert time.process_time() - started < SLOWEST_SECONDS


@cache
def template() -> dict[str, Any]:
    """Return params.yaml."""
    value: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    return value


def check_gate(name: str) -> None:
    """Hold a gate to: settings and a limit in the template, a failure unless measured, and every row looked at."""
    gate = parts.find("retune.core.gates", name)
    assert about(name).endswith(".")
    assert gate.UNIT in ("share", "count")
    kinds = {"files": pd.DataFrame({"source_path": ["a.md", "b.md"], "status": ["accepted", "quarantined"]}),
             "documents": toys.documents(4), "examples": toys.examples(4)}  # fmt: skip
    assert gate.APPLIES_TO
    assert set(kinds) >= gate.APPLIES_TO
    for kind in gate.APPLIES_TO:
        limits = limits_for(kind)
        of_labels = parts.find("retune.core.targets", "label").GATES  # the template's model has one label
        check_limits(limits, next(subject for subject, tables in SUBJECTS.items() if kind in tables), of_labels)
        if "label" in gate.REQUIRES and name not in of_labels:
            assert any(name in target.GATES for target in parts.load_all("retune.core.targets").values())
            limits = {name: {"level": "warn", "maximum": 0.1}}
        limit = Limit.model_validate(limits[name])
        unmeasured = Measurement(name, None, gate.UNIT, 0, 0, "error", "it crashed")
        for measured in ([], [unmeasured], [Measurement(name, float("nan"), gate.UNIT, 4, 0, "measured")]):
            assert not decide(measured, {name: limit}).passed
        check_gate_on(gate, kinds[kind], rules_of(kind).of(name))


def check_gate_on(gate: Any, frame: pd.DataFrame, rules: Any) -> None:
    """Hold a gate to: a known expectation, a cell per row, nothing changed, and reasons without the row's text."""
    expectation = gate.expectation(rules)
    assert (great_expectations() / "expectations" / "core" / f"{expectation.type}.py").is_file()
    assert hasattr(gate, "detail") == expectation.row_level
    assert set(gate.REQUIRES) <= set(frame.columns)
    for rows in (frame.head(0), frame) if hasattr(gate, "column") else ():
        before = rows.copy()
        cells = gate.column(rows, rules)
        pd.testing.assert_frame_equal(rows, before)
        assert list(cells.index) == list(rows.index)
        words = [text.split() for text in rows.get("text", ())]
        pieces = {" ".join(text[start : start + 4]) for text in words for start in range(len(text) - 3)}
        for cell in cells.dropna() if expectation.row_level else ():
            assert not any(piece in gate.detail(cell, rules) for piece in pieces)


def great_expectations() -> Path:
    """Return the folder of the library, whose import would take seconds."""
    spec = importlib.util.find_spec("great_expectations")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def limits_for(kind: str) -> dict[str, Any]:
    """Return the limits that the template sets for a kind of table."""
    model = next(iter(template()["models"].values()))
    limits: dict[str, Any] = (model if kind == "examples" else template()["corpus"])["gate"]["limits"]
    return limits


def rules_of(kind: str) -> RowRules:
    """Return what the gates on a kind of table look for in the template."""
    if not any(hasattr(gate, "Rules") for gate in gates(kind).values()):
        return RowRules()
    model = next(iter(template()["models"].values()))
    section = model["examples"] if kind == "examples" else template()["corpus"]["validate"]
    return rules_for(kind).model_validate(section["rules"])


def check_builder(name: str) -> None:
    """Hold a builder to: text and label of documents that it was given, the same in any order, fit to be examples."""
    builder = parts.find("retune.core.builders", name)
    options = example_of(builder.Options)
    documents = corpus_for(options)
    before = documents.copy()
    rows = builder.build(documents, options)
    pd.testing.assert_frame_equal(documents, before)
    assert len(rows), "none of many documents is of use to it: is its option's example among them?"
    assert {"document_id", "text", "label"} <= set(rows.columns)
    assert set(rows.columns) <= {"document_id", "text", "context", "label", "fault"}
    assert set(rows["document_id"]) <= set(documents["document_id"])
    shuffled = builder.build(documents.sample(frac=1, random_state=3), options)
    assert sorted(map(tuple, rows.to_numpy())) == sorted(map(tuple, shuffled[list(rows.columns)].to_numpy()))
    assert builder.build(documents.head(0), options).empty
    made = examples.with_identity(rows, documents, examples_settings(name))
    assert set(made.columns) == {*EXAMPLES, "fault"}
    assert made["example_id"].is_unique


def corpus_for(options: Settings) -> pd.DataFrame:
    """Return documents of every kind, in folders and with metadata named as the example of the options has them."""
    text = "a"  # the value of a string in `example_of`
    frame = pd.DataFrame(
        [
            {"document_id": f"{text}:{number}", "source_path": f"{text}/{label}/{number}.md", "kind": kind,
             "title": f"[{label}] title of {number}", "text": f"text {number} of {label}",
             "metadata": json.dumps({text: label})}
            for number, (label, kind) in enumerate(
                (label, kind) for label in ("vpn", "badge") for kind in ("document", "row", "message", "transcript")
            )
        ]
    )  # fmt: skip
    rest = dict.fromkeys([column for column in DOCUMENTS if column not in frame], "")
    return frame.assign(**rest).assign(explicit_id=True)[list(DOCUMENTS)]


def examples_settings(builder: str) -> ExamplesParams:
    """Return the template's settings of examples for another builder."""
    section = next(iter(template()["models"].values()))["examples"]
    return ExamplesParams.model_validate({**section, "builder": builder, "options": {}})


def check_metric(name: str) -> None:
    """Hold a metric to: BEST for right answers, an interval around it by documents, and no heed of order or names."""
    metric = parts.find("retune.core.metrics", name)
    toy = metric_toys.KINDS[metric.KIND](300, 0.8, 4)
    value, (low, high) = metric.score(toy.truth, toy.answers), metric.bounds(toy.truth, toy.answers, 7)
    whole = tuple(sorted((metric.BEST, metric.WORST)))
    assert abs(metric.score(toy.truth, toy.best) - metric.BEST) < 1e-12
    assert metric.score(toy.truth, toy.none) == (0.0 if metric.BEST > metric.WORST else metric.WORST)
    assert metric.score([], []) == metric.WORST
    assert metric.bounds([], [], 7) == whole
    assert whole[0] <= low < value < high <= whole[1]
    assert (low, high) == metric.bounds(toy.truth, toy.answers, 7)
    check_documents(metric, toy, high - low)
    assert abs(metric.score(toy.truth[::-1], toy.answers[::-1]) - value) < 1e-12
    if hasattr(metric, "values"):
        values = metric.values(toy.truth, toy.answers)
        assert abs(sum(values) / len(values) - value) < 1e-12
    if metric.KIND == "labels":
        renamed = str.maketrans("abcd", "dacb")
        truth, answers = ([text.translate(renamed) for text in texts] for texts in (toy.truth, toy.answers))
        assert abs(metric.score(truth, answers) - value) < 1e-12


def check_documents(metric: Any, toy: metric_toys.Toy, width: float) -> None:
    """Hold a metric to: rows that a document repeats make no interval narrower, and lengths that differ are refused."""
    ids = [f"doc {row}" for row in range(len(toy.truth))]
    low, high = metric.bounds([*toy.truth] * 4, [*toy.answers] * 4, 7, ids * 4)
    assert 0.7 * width < high - low < 1.4 * width
    apart = metric.bounds([*toy.truth] * 4, [*toy.answers] * 4, 7)
    assert apart[1] - apart[0] < 0.7 * width
    for truth, documents in ((toy.truth[:-1], None), (toy.truth, [*ids[1:], ids[1], ids[1]])):
        with pytest.raises(ValueError, match=r"."):
            metric.bounds(truth, toy.answers, 7, documents)


def check_aspect(name: str) -> None:
    """Hold an aspect to: columns of a profile, a finite size, a p that holds where nothing changed, and no order."""
    part = parts.find("retune.core.drift.aspects", name)
    assert set(part.COLUMNS) <= set(PROFILE)
    assert part.TEST
    assert part.MEASURE
    params = drift_toys.params(watch={name: 0.1}, permutations=999)
    small = 0
    for seed in range(40):
        reference, window = drift_toys.rows(60, 2 * seed), drift_toys.rows(30, 2 * seed + 1)
        before = window.copy(deep=True)
        found = part.compare(reference, window, params)
        assert 0 < found.p <= 1
        assert abs(found.effect) < 1
        assert {row for cell in found.cells for row in cell.documents} <= set(window["document_id"])
        assert window.drop(columns="vector").equals(before.drop(columns="vector"))
        small += found.p <= 0.1
    assert small <= 13, f"p is at most 0.1 in {small} of 40 draws without a change"  # 1 in 10,000 by chance
    shuffled = window.sample(frac=1, random_state=1).reset_index(drop=True)
    assert abs(part.compare(reference, shuffled, params).effect - found.effect) < 0.1
