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
WESTERN = frozenset({"cp1250", "cp1252", "cp1254", "cp1257", "iso8859_2", "mac_roman", "cp437", "cp850"})
PLAUSIBLE = [
    *sorted(WESTERN), "big5", "cp1251", "cp1253", "cp1255", "cp1256", "cp866", "cp874", "cp949", "euc_jp", "euc_kr",
    "gb18030", "iso8859_5", "iso8859_6", "iso8859_7", "koi8_r", "mac_cyrillic", "shift_jis", "tis_620",
]  # fmt: skip
"""What offices have used; without this limit, text of Western Europe is taken for the code page of a printer."""
NEAR = 0.02
"""How much messier cp1252 may look than the best guess and still hold, where the best is Western too: of 96 files in
legacy encodings, 64 instead of 43 come out right to the letter."""
CUT_SEQUENCES = 10  # this many good characters in UTF-8 for each broken one: the file was cut, not in another encoding
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

    The evidence, in this order: a byte order mark; zeros as in UTF-16; the shifts of ISO 2022; UTF-8 that holds more
    than ASCII, which nothing else looks like; the encoding that the file declares; what charset-normalizer finds.
    """
    for encoding in _candidates(data, declared):
        try:
            return _checked(data.decode(encoding), codecs.lookup(encoding).name)
        except (UnicodeDecodeError, LookupError):
            continue
    encoding = _broken(data) or _detected(data)
    return _checked(data.decode(encoding, "replace"), codecs.lookup(encoding).name)


def readable(text: str) -> str:
    """Return a text from a library without what is no text; raise as `decode` does."""
    return _checked(text, "what the file says").text


def cleaned(text: str) -> str:
    """Return a short text, such as a title or a header, with what is no text replaced and one kind of line end."""
    return _NOT_TEXT.sub(REPLACEMENT, text.removeprefix("\ufeff")).replace("\r\n", "\n").replace("\r", "\n")


def _checked(text: str, encoding: str) -> Decoded:
    clean = cleaned(text)
    replaced = clean.count(REPLACEMENT)
    if replaced > MAX_REPLACED_SHARE * len(clean):
        share = replaced / len(clean)
        raise UnreadableError("undecodable", f"{replaced} characters ({share:.1%}) are not text in {encoding}")
    return Decoded(clean, encoding, replaced)


def _candidates(data: bytes, declared: str) -> list[str]:
    """Return the encodings for which there is evidence, the strongest first."""
    stated = [declared] if declared else []
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return [encoding]
    for encoding, high_bytes in (("utf-16-le", data[1::2]), ("utf-16-be", data[::2])):
        if high_bytes.count(0) > ZEROS_OF_UTF16 * len(high_bytes):
            return [encoding]
    if _shifts(data):
        return [*stated, "iso2022_jp"]
    return [*stated, "utf-8"] if data.isascii() else ["utf-8", *stated]


def _shifts(data: bytes) -> bool:
    return data.isascii() and any(mark in data for mark in SHIFTING)


def _broken(data: bytes) -> str:
    """Return the encoding of a text that was cut inside a character, or that has a few wrong ones."""
    if _shifts(data):
        return "iso2022_jp"
    text = data.decode("utf-8", "replace")
    good = sum(character > "\x7f" for character in text) - text.count(REPLACEMENT)
    return "utf-8" if good >= CUT_SEQUENCES * text.count(REPLACEMENT) else ""


def _detected(data: bytes) -> str:
    """Return what charset-normalizer takes the encoding for; UTF-8, which then fails, where it finds none."""
    from charset_normalizer import from_bytes

    matches = list(from_bytes(data, cp_isolation=PLAUSIBLE))
    if not matches:
        return "utf-8"
    best = matches[0]
    near = [match for match in matches if match.chaos <= best.chaos + NEAR]
    names = {name for match in near for name in [match.encoding, *match.could_be_from_charset]}
    return "cp1252" if best.encoding in WESTERN and "cp1252" in names else best.encoding
