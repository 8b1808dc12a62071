"""Redaction: consistent typed placeholders, findings without values, and nothing left for a second scan."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retune.core import parts, redaction
from retune.core.errors import UserError
from retune.core.params.redact import RedactParams
from retune.core.redaction import Recognizer, Redacted
from retune.core.spans import Span

ALL = RedactParams(recognizers=tuple(parts.names(redaction.PACKAGE)), regions=("GB", "US"), keep=())
RECOGNIZERS = redaction.load(ALL)
PIECES = ["ada@example.com", "ADA@EXAMPLE.COM", "bob@example.org", "4111 1111 1111 1111", "4111-1111-1111-1111",
          "+44 20 7946 0958", "020 7946 0958", "GB29 NWBK 6016 1331 9268 19", "536-90-4399", "10.1.2.3", "hello",
          "é€😀", "\n", " ", ":", "@", "-", "password: ", "tel ", "https://u:",
          "[EMAIL_1]", "[CARD_2]", "12", "a", "\"", "'",
          "-----BEGIN PRIVATE" + " KEY-----", "-----END PRIVATE" + " KEY-----", "x9K2mQ7vL4"]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def redacted(**fields: str) -> Redacted:
    return redaction.redact(fields, RECOGNIZERS, ALL)


@pytest.mark.case("PII-2")
def test_the_same_value_gets_the_same_placeholder_in_every_field_of_a_document() -> None:
    result = redacted(title="Re: ada@example.com", text="bob@example.org, Ada@Example.com", other="bob@example.org")
    assert result.fields == {"title": "Re: [EMAIL_1]", "text": "[EMAIL_2], [EMAIL_1]", "other": "[EMAIL_2]"}


@pytest.mark.case("PII-2")
def test_two_spellings_of_a_number_are_the_same_value() -> None:
    result = redacted(text="+44 20 7946 0958 or 020 7946 0958; 4111 1111 1111 1111 or 4111-1111-1111-1111")
    assert result.fields["text"] == "[PHONE_1] or [PHONE_1]; [CARD_1] or [CARD_1]"


@pytest.mark.case("PII-5")
def test_findings_stand_in_the_clean_text_and_hold_no_value() -> None:
    result = redacted(text="é: ada@example.com and 4111 1111 1111 1111, ada@example.com")
    clean = result.fields["text"]
    assert [clean[finding.start : finding.end] for finding in result.findings] == ["[EMAIL_1]", "[CARD_1]", "[EMAIL_1]"]
    assert [finding.placeholder for finding in result.findings] == ["[EMAIL_1]", "[CARD_1]", "[EMAIL_1]"]
    assert "ada" not in repr(result.findings)
    assert "4111" not in repr(result.findings)


def test_a_placeholder_that_a_text_already_holds_is_given_to_no_value() -> None:
    assert redacted(text="[EMAIL_1] is ada@example.com").fields["text"] == "[EMAIL_1] is [EMAIL_2]"


def one(name: str, span: Span, critical: bool, only_in: str = "") -> Recognizer:
    return Recognizer(name, name.upper(), critical, lambda text: [span] if only_in in text else [], str.casefold)


def test_findings_move_with_what_a_second_pass_replaces_before_them() -> None:
    first = one("first", Span(2, 4), True, only_in="xx")
    second = one("second", Span(0, 1), True, only_in="1 [FIRST_1]")
    result = redaction.redact({"text": "1 xx"}, [first, second], ALL)
    assert result.fields["text"] == "[SECOND_1] [FIRST_1]"
    assert [(finding.start, finding.end) for finding in result.findings] == [(0, 10), (11, 20)]


def test_what_overlaps_is_covered_as_a_whole_by_the_longest() -> None:
    found = redaction.detect("0123456789", [one("short", Span(0, 4), True), one("long", Span(3, 9), False)])
    assert [(item.start, item.end, item.recognizer.name, item.value) for item in found] == [(0, 9, "long", "345678")]
    found = redaction.detect("0123456789", [one("long", Span(0, 6), True), one("short", Span(4, 8), True)])
    assert [(item.start, item.end, item.recognizer.name, item.value) for item in found] == [(0, 8, "long", "012345")]
    found = redaction.detect("0123456789", [one("b", Span(0, 4), False), one("c", Span(0, 4), True)])
    assert [item.recognizer.name for item in found] == ["c"]


def test_values_without_a_gap_between_them_are_all_found() -> None:
    """Each hides the next: only when it is gone does the next one stand alone."""
    text = "ada@example.com4111 1111 1111 1111+44 20 7946 0958"
    assert redacted(text=text).fields["text"] == "[EMAIL_1][CARD_1][PHONE_1]"


def test_a_password_in_a_url_is_no_address() -> None:
    assert redacted(text="postgres://ada:secret@db.example.com/x").fields["text"] == (
        "postgres://[URL_CREDENTIALS_1]@db.example.com/x"
    )


def test_the_name_of_a_field_says_what_its_value_is() -> None:
    result = redaction.redact({"metadata.phone": "5550123", "metadata.order": "5550123"}, RECOGNIZERS, ALL)
    assert result.fields == {"metadata.phone": "[PHONE_1]", "metadata.order": "5550123"}
    assert [(finding.start, finding.end) for finding in result.findings] == [(0, 9)]


def test_what_the_settings_keep_stays() -> None:
    kept = ALL.model_copy(update={"keep": ("press@example.org", "@example.com")})
    text = "press@example.org ada@example.com bob@example.org eve@notexample.com"
    assert redaction.redact({"text": text}, RECOGNIZERS, kept).fields["text"] == (
        "press@example.org ada@example.com [EMAIL_1] [EMAIL_2]"
    )


def test_a_recognizer_that_is_off_finds_nothing_and_an_unknown_one_is_an_error() -> None:
    only_cards = ALL.model_copy(update={"recognizers": ("card",)})
    text = "ada@example.com 4111 1111 1111 1111"
    assert redaction.redact({"text": text}, redaction.load(only_cards), only_cards).fields["text"] == (
        "ada@example.com [CARD_1]"
    )
    with pytest.raises(UserError, match="Did you mean card"):
        redaction.load(ALL.model_copy(update={"recognizers": ("cards",)}))


def test_an_unknown_country_is_an_error() -> None:
    nowhere = ALL.model_copy(update={"regions": ("ZZ",)})
    with pytest.raises(UserError, match="'ZZ'"):
        redaction.redact({"text": "020 7946 0958"}, redaction.load(nowhere), nowhere)


@pytest.mark.case("PII-3")
@given(title=texts, text=texts)
@settings(max_examples=300, deadline=None)
def test_a_second_scan_finds_nothing_critical_and_every_finding_is_in_place(title: str, text: str) -> None:
    result = redacted(title=title, text=text)
    for clean in result.fields.values():
        assert [item for item in redaction.detect(clean, RECOGNIZERS) if item.recognizer.critical] == []
    for finding in result.findings:
        assert result.fields[finding.field][finding.start : finding.end] == finding.placeholder


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_is_redacted_without_an_error_and_redacting_again_changes_nothing(text: str) -> None:
    clean = redacted(text=text).fields["text"]
    assert redacted(text=clean).fields["text"] == clean
