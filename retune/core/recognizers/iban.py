"""Bank accounts: IBAN (ISO 13616) with the country's length and the mod-97 check, unbroken or in groups."""

from __future__ import annotations

import re

from retune.core.spans import Pattern, Span, letters_and_digits, stands_alone

ENTITY_TYPE = "IBAN"
CRITICAL = True

# Lengths by country from the IBAN registry of SWIFT.
_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
    "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
    "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29,
    "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24,
    "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
    "YE": 30,
}  # fmt: skip
_START = Pattern(rf"(?i)\b(?:{'|'.join(_LENGTHS)})[0-9]{{2}}")
_REST = {length: re.compile(rf"(?:[ \u00a0\u202f\n-]?[A-Za-z0-9]){{{length - 4}}}") for length in _LENGTHS.values()}

normalise = letters_and_digits


def find(text: str) -> list[Span]:
    """Return the account numbers; in lower case they count only unbroken."""
    spans: list[Span] = []
    for start, end in _START.spans(text):
        rest = _REST[_LENGTHS[text[start : start + 2].upper()]].match(text, end)
        if rest and _is_iban(text, Span(start, rest.end())):
            spans.append(Span(start, rest.end()))
    return spans


def _is_iban(text: str, span: Span) -> bool:
    """Tell whether the range stands alone and leaves 1 when divided by 97 (ISO/IEC 7064, MOD 97-10)."""
    value = text[span.start : span.end]
    broken = not value.isalnum()
    if (broken and value != value.upper()) or not stands_alone(text, span):
        return False
    number = letters_and_digits(value)
    return int("".join([str(int(character, 36)) for character in number[4:] + number[:4]])) % 97 == 1
