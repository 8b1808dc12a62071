"""Telephone numbers by the numbering plans of the library phonenumbers.

A number counts when its form says so: + and a country code, the groups of its country, or a word such as `tel` before
it. The library's own search is slow, so its numbering plans are compiled into RE2 and its search is not used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from retune.core.errors import UserError
from retune.core.spans import Pattern, Span, digits_of, stands_alone

ENTITY_TYPE = "PHONE"
CRITICAL = True

_GAP = r"[ .\-/\x{a0}\x{202f}\x{2011}\x{2013}]"
_INTERNATIONAL = Pattern(rf"(?:\+|\b00 ?)\(?[1-9](?:(?:{_GAP}|[()]){{0,3}}[0-9]){{6,17}}")
_AREA = r"[2-9](?:[02-9][0-9]|1[02-9])"  # all of the North American plan; 211 to 911 are services
_NORTH_AMERICAN = Pattern(rf"(?:(?:001|1){_GAP})?(?:\({_AREA}\){_GAP}?|{_AREA}{_GAP})[2-9][0-9]{{2}}{_GAP}[0-9]{{4}}")
_WITH_TRUNK_ZERO = Pattern(rf"\(?0[1-9][0-9]{{0,5}}(?:\)?{_GAP}{{0,3}}[0-9]{{1,8}}){{1,5}}")
_WITHOUT_TRUNK = Pattern(
    rf"[0-9]{{3}}(?:{_GAP}[0-9]{{3}}){{2}}|[0-9]{{2,3}}(?:{_GAP}[0-9]{{2}}){{3}}|[0-9]{{3}}{_GAP}[0-9]{{2}}{_GAP}[0-9]{{3}}"
)
_NAMED = Pattern(
    r"(?i)\b(?:tel|telephone|phone|mobile|mob|cell|fax|whatsapp|hotline)(?: ?(?:number|no|nr|#))?\.?(?: is| to)?"
    r"[ \t]{0,2}[:=]?[ \t]{0,2}(\(?[0-9](?:[ .\-/()\x{a0}\x{202f}]{0,3}[0-9]){6,14})"
)
_DATE = re.compile(r"\(?(?:\d{1,2}[./ -]\d{1,2}[./ -](?:19|20)\d\d|(?:19|20)\d\d[./ -]\d{1,2}[./ -]\d{1,2})(?!\d)")
_TIME = r"(?:[01]\d|2[0-3])\.[0-5]\d"
_TIMES = re.compile(rf"{_TIME}[ \-\u00a0\u202f\u2013]{{1,3}}{_TIME}(?!\.?\d)")  # 06.30 09.15 of a timetable
_EXTENSION = re.compile(r" ?(?:x|ext\.?|extension) ?\d{1,6}")
_GROUP = re.compile(r"\d+")
_KINDS = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan",
          "voicemail")  # fmt: skip
_TRIES = 6  # groups that may belong to what follows the number
_SAME_DIGITS = 9  # +44 20 7946 0958 and 020 7946 0958 end alike

Check = Callable[[str], bool]


def find(text: str, regions: Sequence[str]) -> list[Span]:
    """Return the numbers; those without a country code are read as numbers of the regions (ISO 3166 codes)."""
    found = [_longest(text, span, _is_international) for span in _INTERNATIONAL.spans(text)]
    forms, is_american = _plan(tuple(regions))
    for form, check in forms:
        found += [_longest(text, span, check) for span in form.spans(text)]
    if is_american:
        found += [_longest(text, span, bool) for span in _NORTH_AMERICAN.spans(text)]
    named = [span for span in _NAMED.spans(text, 1) if _may_be_number(text, span)]
    return [span for span in found if span] + named


def normalise(value: str) -> str:
    """Return the last digits, which the national and the international spelling share."""
    return digits_of(value)[-_SAME_DIGITS:]


def _may_be_number(text: str, span: Span) -> bool:
    """Tell whether the range stands alone and is neither a date nor a row of times."""
    is_other = _DATE.match(text, *span) or _TIMES.match(text, span.start)
    return stands_alone(text, span, glue="-/@#&", joints=".:=") and not is_other


def _longest(text: str, span: Span, check: Check) -> Span | None:
    """Return the longest run of whole groups from the start whose digits pass the check."""
    for group in reversed([match.end() for match in _GROUP.finditer(text, *span)][-_TRIES:]):
        value = text[span.start : group]
        extension = _EXTENSION.match(text, group)
        whole = Span(span.start, extension.end() if extension else group)
        if value.count("(") == value.count(")") and check(value) and _may_be_number(text, whole):
            return whole
    return None


def _is_international(value: str) -> bool:
    """Tell whether the digits after + or 00 are a calling code and a number of a length that it gives out."""
    digits = digits_of(value.replace("(0)", "")).removeprefix("" if value.startswith("+") else "00")
    for length in (1, 2, 3):
        if lengths := _possible_lengths().get(digits[:length]):
            return len(digits) - length in lengths
    return False


@lru_cache(maxsize=1)
def _possible_lengths() -> dict[str, frozenset[int]]:
    """Return the lengths of national numbers by calling code, as digits."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return {
        str(code): frozenset(length for region in regions for length in _lengths_of(region))
        for code, regions in COUNTRY_CODE_TO_REGION_CODE.items()
        if regions != ("001",)
    }


def _lengths_of(region: str) -> Sequence[int]:
    """Return the lengths that a region's numbers can have."""
    lengths: Sequence[int] = _metadata(region).general_desc.possible_length
    return lengths


def _metadata(region: str) -> Any:
    """Return the numbering plan of a region; an unknown one raises UserError."""
    from phonenumbers import PhoneMetadata

    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None:
        raise UserError(
            expected="ISO 3166 codes of countries, such as GB",
            found=repr(region),
            todo="Correct regions in corpus.redact of params.yaml.",
        )
    return metadata


@lru_cache(maxsize=8)
def _plan(regions: tuple[str, ...]) -> tuple[list[tuple[Pattern, Check]], bool]:
    """Return the forms to look for, each with the check of what was found, and whether to look for American ones."""
    plans = [_metadata(region) for region in regions]
    others = [plan for plan in plans if plan.country_code != 1]
    trunk = [plan for plan in others if plan.national_prefix == "0"]
    bare = [plan for plan in others if plan.national_prefix is None]
    forms: list[tuple[Pattern, Check]] = []
    if trunk:
        forms.append((_WITH_TRUNK_ZERO, _trunk_checker(trunk)))
    if bare:
        forms.append((_WITHOUT_TRUNK, _checker(bare, prefix="")))
    return forms, len(others) < len(plans)


def _trunk_checker(plans: list[Any]) -> Check:
    """Return the check of a number with a leading 0: without any gap only mobile numbers count."""
    grouped, mobile = _checker(plans, prefix="0"), _checker(plans, prefix="0", kinds=("mobile",))
    return lambda value: (mobile if value.isdigit() else grouped)(value)


def _checker(plans: list[Any], *, prefix: str, kinds: Sequence[str] = _KINDS) -> Check:
    """Return whether the digits of a value are a number of one of the plans."""
    descriptions = [getattr(plan, kind) for plan in plans for kind in kinds]
    patterns = {item.national_number_pattern for item in descriptions if item and item.national_number_pattern}
    number = re.compile(f"{prefix}(?:{'|'.join(sorted(patterns))})")
    return lambda value: number.fullmatch(digits_of(value)) is not None
