"""E-mail messages; attachments in known formats are documents of their own."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from pathlib import PurePosixPath
from typing import cast

from retune.core.decoding import cleaned, decode
from retune.core.ingest import Draft, Part, Refusal
from retune.core.ingest_dates import iso
from retune.core.ingest_formats import parse as parse_any
from retune.core.ingest_html import decode_html, main_text, root_of
from retune.core.params.ingest import ParsingParams

SUFFIXES = frozenset({".eml"})
MEDIA_TYPE = "message/rfc822"
VERSION = "1"
SIGNATURE = (b"", b"")
HEADERS = ("Subject", "From", "To", "Cc", "Date", "Message-ID", "In-Reply-To")
MAX_DEPTH = 5
MALFORMED = (MessageError, LookupError, ValueError, AttributeError, TypeError)
"""What the standard library raises for headers that break the rules."""


def parse(data: bytes, name: str, settings: ParsingParams) -> list[Part]:  # noqa: ARG001 - what every format takes
    """Return the message with its plain text, or its HTML where it has no other, and its attachments."""
    message = message_from_bytes(data, policy=policy.default)
    headers = _headers(message)
    stated = headers.get("message-id", "")
    explicit_id = f"mail:{hashlib.sha256(stated.encode()).hexdigest()[:16]}" if stated else ""
    # A table inside a message is one document: its rows would need ids of their own.
    found = _parts(message, headers, settings.model_copy(update={"tables": []}), depth=0)
    return [replace(part, explicit_id=explicit_id) if isinstance(part, Draft) else part for part in found]


def _parts(message: EmailMessage, headers: dict[str, str], settings: ParsingParams, depth: int) -> Iterator[Part]:
    body, attachments = _sorted_out(list(_leaves(message)))
    yield Draft(
        text=body,
        title=headers.get("subject", ""),
        created=iso(headers.get("date", "")),
        kind="message",
        part="message",
        metadata=headers,
    )
    labels: set[str] = set()
    for number, attachment in enumerate(attachments, 1):
        label = _label(attachment, number)
        label = f"{number}-{label}" if label in labels else label
        labels.add(label)
        for part in _attached(attachment, label, settings, depth):
            place = f"attachment={label}"
            if isinstance(part, Draft):
                suffix = f"/attachment/{label}{part.id_suffix}"
                yield replace(part, id_suffix=suffix, explicit_id="", part=place)
            else:
                yield replace(part, part=f"{place}/{part.part}" if part.part else place)


def _leaves(message: EmailMessage) -> Iterator[EmailMessage]:
    """Yield the parts that hold something; a message inside the message is one of them."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in cast(list[EmailMessage], message.get_payload()):
            yield from _leaves(part)
    else:
        yield message


def _sorted_out(leaves: list[EmailMessage]) -> tuple[str, list[EmailMessage]]:
    """Return the text of the message, and the parts that are attachments."""
    inline = [leaf for leaf in leaves if leaf.get_content_type() in ("text/plain", "text/html") and not _filename(leaf)]
    plain = [_text_of(leaf) for leaf in inline if leaf.get_content_type() == "text/plain"]
    pages = [leaf for leaf in inline if leaf.get_content_type() == "text/html"]
    texts = plain if any(text.strip() for text in plain) else [_text_of(leaf) for leaf in pages]
    return "\n\n".join(text.strip("\n") for text in texts if text.strip()), [x for x in leaves if x not in inline]


def _attached(attachment: EmailMessage, label: str, settings: ParsingParams, depth: int) -> Iterator[Part]:
    if attachment.get_content_type() == "message/rfc822" and attachment.is_multipart():
        if depth == MAX_DEPTH:
            yield Refusal("", "too_large", f"messages nest more than {MAX_DEPTH} deep")
            return
        inner = cast(list[EmailMessage], attachment.get_payload())[0]
        yield from _finished(inner, settings, depth + 1)
        return
    parsed = parse_any(_bytes_of(attachment), label, settings)
    if parsed.reason:
        yield Refusal("", parsed.reason, parsed.detail)
    yield from parsed.parts


def _finished(message: EmailMessage, settings: ParsingParams, depth: int) -> Iterator[Part]:
    """Yield the parts of a message inside a message."""
    yield from _parts(message, _headers(message), settings, depth)


def _headers(message: EmailMessage) -> dict[str, str]:
    """Return the headers that say what the message is, by lower-case name."""
    found = {}
    for name in HEADERS:
        value = " ".join(cleaned(_header(message, name)).split())
        if value:
            found[name.lower()] = value
    return found


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message[name] or "")
    except MALFORMED:
        return next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")


def _filename(part: EmailMessage) -> str:
    try:
        return part.get_filename() or ""
    except MALFORMED:
        return ""


def _label(part: EmailMessage, number: int) -> str:
    """Return the file name of an attachment without folders, or one that is made of its number and type."""
    given = PurePosixPath(_filename(part).replace("\\", "/")).name
    suffix = (
        ".eml" if part.get_content_type() == "message/rfc822" else mimetypes.guess_extension(part.get_content_type())
    )
    return " ".join(cleaned(given).split()) or f"part-{number}{suffix or ''}"


def _bytes_of(part: EmailMessage) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else part.as_bytes()


def _text_of(part: EmailMessage) -> str:
    charset = str(part.get_content_charset() or "")
    if part.get_content_type() == "text/html":
        page = decode_html(_bytes_of(part), charset).text
        return main_text(root_of(page)) if page.strip() else ""
    return decode(_bytes_of(part), charset).text
