"""Bytes to text by evidence: what is not text is said to be so, and no character is left out in silence."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from retune.core.ingest import UnreadableError

MAX_REPLACED_SHARE = 0.01
REPLACEMENT = "\ufffd"
BYTE_ORDER_MARKS = (  # UTF-32 first, since its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
ZEROS_OF_UTF16 = 0.25  # of every second byte: a text in UTF-16 has spaces, digits and line ends at least
SHIFTING = (b"\x1b$", b"\x1b(", b"\x1b-")  # ISO 2022: ASCII bytes that are not ASCII text
# Control characters and lone surrogates are no text, and UTF-8 cannot hold the latter.
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Decoded:
    """A text, the encoding that it was in, and how many characters of it had to be replaced."""

    text: str
    encoding: str
    replaced: int = 0

    @property
    def metadata(self) -> dict[str, str]:
        """Return what is worth knowing: another encoding than UTF-8, and the number of replaced characters."""
        notes = {} if self.encoding.startswith("utf-8") else {"encoding": self.encoding}
        return {**notes, "replaced_characters": str(self.replaced)} if self.replaced else notes


def decode(data: bytes, declared: str = "") -> Decoded:
    """Return the text of bytes; raise UnreadableError where over 1 % of it would have to be replaced.

    The evidence, in this order: a byte order mark; UTF-8 that holds more than ASCII, which nothing else looks like; the
    encoding that the file declares; ASCII; UTF-16 without a mark; what charset-normalizer finds.
    """
    for encoding in _candidates(data, declared):
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        return _cleaned(text, codecs.lookup(encoding).name)
    return _cleaned(data.decode("utf-8", "replace"), "utf-8")


def readable(text: str) -> str:
    """Return a text from a library without control characters and lone surrogates; raise as `decode` does."""
    return _cleaned(text, "utf-8").text


def _candidates(data: bytes, declared: str) -> list[str]:
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return [encoding]
    for encoding, high_bytes in (("utf-16-le", data[1::2]), ("utf-16-be", data[::2])):
        if high_bytes.count(0) > ZEROS_OF_UTF16 * len(high_bytes):
            return [encoding]
    if any(sequence in data for sequence in SHIFTING):
        return [*([declared] if declared else []), "iso2022_jp", _detected(data)]
    if data.isascii():
        return [*([declared] if declared else []), "utf-8"]
    return ["utf-8", *([declared] if declared else []), _detected(data)]


def _detected(data: bytes) -> str:
    """Return what charset-normalizer takes the encoding for; UTF-8 where it finds none."""
    if _is_utf8(data):
        return "utf-8"
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    return best.encoding if best else "utf-8"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _cleaned(text: str, encoding: str) -> Decoded:
    """Return the text with one kind of line end, and with what is no text replaced and counted."""
    clean = _NOT_TEXT.sub(REPLACEMENT, text.removeprefix("\ufeff")).replace("\r\n", "\n").replace("\r", "\n")
    replaced = clean.count(REPLACEMENT)
    if replaced > MAX_REPLACED_SHARE * len(clean):
        share = replaced / len(clean)
        raise UnreadableError("undecodable", f"{replaced} characters ({share:.1%}) are not text in {encoding}")
    return Decoded(clean, encoding, replaced)
