"""WebVTT transcripts: one line per turn, as `Name: what was said`."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from retune.core.decoding import decode
from retune.core.ingest import Draft, Part, UnreadableError
from retune.core.params.ingest import ParsingParams

SUFFIXES = frozenset({".vtt"})
MEDIA_TYPE = "text/vtt"
VERSION = "1"
SIGNATURE = (b"WEBVTT", b"")
_TIMING = re.compile(r"^\s*(?:\d+:)?\d{2}:\d{2}[.,]\d{3}\s+-->\s+(?:\d+:)?\d{2}:\d{2}[.,]\d{3}")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_TAG = re.compile(r"</?[a-z0-9:.][^>]*>", re.IGNORECASE)
_NOT_CUES = ("NOTE", "STYLE", "REGION")


def parse(data: bytes, name: str, settings: ParsingParams) -> list[Part]:  # noqa: ARG001 - what every format takes
    """Return the turns in order; cues of the same speaker that follow each other are one turn."""
    decoded = decode(data)
    if not decoded.text.startswith("WEBVTT"):
        raise UnreadableError("corrupt", "the first line is not WEBVTT")
    turns: list[tuple[str, list[str]]] = []
    for speaker, said in _cues(decoded.text):
        if turns and speaker in ("", turns[-1][0]) and turns[-1][0]:
            turns[-1][1].append(said)
        else:
            turns.append((speaker, [said]))
    lines = [f"{speaker}: {' '.join(said)}" if speaker else " ".join(said) for speaker, said in turns]
    title = decoded.text.partition("\n")[0].removeprefix("WEBVTT").strip(" \t-")
    return [Draft(text="\n".join(lines), title=title, kind="transcript", metadata=decoded.metadata)]


def _cues(text: str) -> Iterator[tuple[str, str]]:
    """Yield speaker (or nothing) and words of each piece of each cue."""
    for block in re.split(r"\n[ \t]*\n", text)[1:]:
        lines = block.strip("\n").split("\n")
        start = next((index for index, line in enumerate(lines[:2]) if _TIMING.match(line)), None)
        if start is None or lines[0].startswith(_NOT_CUES):
            continue
        pieces = _VOICE.split(" ".join(lines[start + 1 :]))
        for speaker, words in zip(["", *pieces[1::2]], pieces[::2], strict=True):
            said = " ".join(html.unescape(_TAG.sub("", words)).split())
            if said:
                yield html.unescape(speaker.strip()), said
