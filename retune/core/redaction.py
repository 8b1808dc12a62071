"""Personal data and secrets leave a document; typed placeholders such as [EMAIL_1] stand in their places."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from types import ModuleType

from retune.core import parts
from retune.core.params.redact import RedactParams
from retune.core.spans import Span

PACKAGE = "retune.core.recognizers"
PASSES = 10  # values without a gap between them free each other one by one; two passes are the rule
_PLACEHOLDER = re.compile(r"\[([A-Z][A-Z_]{0,40})_([0-9]{1,9})\]")


@dataclass(frozen=True)
class Recognizer:
    """One kind of personal data or secret, and how to find it."""

    name: str
    entity_type: str
    critical: bool
    find: Callable[[str], list[Span]]
    normalise: Callable[[str], str]


@dataclass(frozen=True)
class Detection:
    """A range of a text that a recognizer claims; `value` is what it found, equal for two spellings of one value."""

    start: int
    end: int
    recognizer: Recognizer
    value: str


@dataclass(frozen=True)
class Finding:
    """What was replaced, without its value: where the placeholder stands in the clean field."""

    field: str
    entity_type: str
    start: int
    end: int
    placeholder: str
    recognizer: str


@dataclass(frozen=True)
class Redacted:
    """The clean fields of a document and what was found in them."""

    fields: dict[str, str]
    findings: list[Finding]


@dataclass
class Placeholders:
    """The placeholders of one document: the same value gets the same one, and none that its texts already hold."""

    taken: set[str]
    by_value: dict[tuple[str, str], str] = field(default_factory=dict)

    def for_value(self, entity_type: str, value: str) -> str:
        """Return the placeholder of a value; a new one takes the next free number of its type."""
        key = (entity_type, value)
        if key not in self.by_value:
            names = (f"[{entity_type}_{number}]" for number in count(1))
            self.by_value[key] = next(name for name in names if name not in self.taken)
            self.taken.add(self.by_value[key])
        return self.by_value[key]


def load(settings: RedactParams) -> tuple[Recognizer, ...]:
    """Return the recognizers of the settings in the order of their names; an unknown name raises UserError."""
    return tuple(_recognizer(name, parts.find(PACKAGE, name), settings) for name in sorted(settings.recognizers))


def _recognizer(name: str, module: ModuleType, settings: RedactParams) -> Recognizer:
    """Return one recognizer; one that asks for regions gets those of the settings."""
    asks = "regions" in inspect.signature(module.find).parameters
    find = partial(module.find, regions=settings.regions) if asks else module.find
    return Recognizer(name, module.ENTITY_TYPE, module.CRITICAL, find, module.normalise)


def redact(fields: Mapping[str, str], recognizers: Sequence[Recognizer], settings: RedactParams) -> Redacted:
    """Return the fields of one document with placeholders, numbered in the order of the fields, and the findings.

    The name of a field of metadata is read with its value: `phone: 5551234567` says more than the digits alone.
    """
    names = Placeholders({match.group() for text in fields.values() for match in _PLACEHOLDER.finditer(text)})
    clean: dict[str, str] = {}
    findings: list[Finding] = []
    for name, text in fields.items():
        clean[name], found = _redact_field(name, text, recognizers, settings.keep, names)
        findings += found
    return Redacted(clean, findings)


def detect(
    text: str, recognizers: Sequence[Recognizer], keep: Sequence[str] = (), context: str = ""
) -> list[Detection]:
    """Return what the recognizers find in a text that follows a context, in order and without overlaps.

    Where findings overlap, one covers them all: the longest; then a critical one; then the first by name.
    """
    whole, shift = context + text, len(context)
    found = [
        Detection(start - shift, end - shift, recognizer, recognizer.normalise(whole[start:end]))
        for recognizer in (recognizers if text else ())  # most fields of a table's rows are empty
        for start, end in recognizer.find(whole)
        if start >= shift and not _is_kept(whole[start:end], keep)
    ]
    return _without_overlaps(found)


def _is_kept(value: str, keep: Sequence[str]) -> bool:
    """Tell whether the settings let the value stay, by itself or by its domain."""
    return any(value == item or (item.startswith("@") and value.casefold().endswith(item.casefold())) for item in keep)


def _without_overlaps(found: list[Detection]) -> list[Detection]:
    """Return one detection for each group of overlapping ones, as long as the group."""
    groups: list[list[Detection]] = []
    end = 0
    for detection in sorted(found, key=lambda item: (item.start, item.end)):
        if groups and detection.start < end:
            groups[-1].append(detection)
        else:
            groups.append([detection])
        end = max(end, detection.end)
    return [_winner(group) for group in groups]


def _winner(group: list[Detection]) -> Detection:
    """Return the detection that stands for a group."""
    best = min(group, key=lambda item: (item.start - item.end, not item.recognizer.critical, item.recognizer.name))
    return replace(best, start=group[0].start, end=max(item.end for item in group))


def _redact_field(
    name: str, text: str, recognizers: Sequence[Recognizer], keep: Sequence[str], names: Placeholders
) -> tuple[str, list[Finding]]:
    """Return one clean field and what was found in it."""
    context = f"{name.partition('.')[2]}: " if "." in name else ""
    findings: list[Finding] = []
    for _ in range(PASSES):
        detections = detect(text, recognizers, keep, context)
        if not detections:
            break
        text, new = _replaced(name, text, detections, names)
        findings = sorted(_moved(findings, detections, new) + new, key=lambda finding: finding.start)
    return text, findings


def _replaced(name: str, text: str, detections: list[Detection], names: Placeholders) -> tuple[str, list[Finding]]:
    """Return the text with placeholders for the detections, and where they stand in it."""
    pieces: list[str] = []
    findings: list[Finding] = []
    read = written = 0
    for detection in detections:
        kind = detection.recognizer.entity_type
        placeholder = names.for_value(kind, detection.value)
        start = written + detection.start - read
        pieces += [text[read : detection.start], placeholder]
        read, written = detection.end, start + len(placeholder)
        findings.append(Finding(name, kind, start, written, placeholder, detection.recognizer.name))
    return "".join([*pieces, text[read:]]), findings


def _moved(findings: list[Finding], detections: list[Detection], new: list[Finding]) -> list[Finding]:
    """Return earlier findings where they stand after a further pass; one inside a new detection is part of it."""
    moved: list[Finding] = []
    for finding in findings:
        if any(item.start < finding.end and finding.start < item.end for item in detections):
            continue
        before = [
            after.end - item.end for item, after in zip(detections, new, strict=True) if item.end <= finding.start
        ]
        shift = before[-1] if before else 0
        moved.append(replace(finding, start=finding.start + shift, end=finding.end + shift))
    return moved
