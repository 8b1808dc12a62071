"""Whether a file is safetensors, by its header alone (github.com/huggingface/safetensors, README, section Format)."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from retune.core import model_json

LENGTH_BYTES = 8
LARGEST_HEADER_BYTES = 100_000_000  # as in the format's own reader
BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "F64": 64, "I64": 64, "U64": 64, "C64": 64,
}  # fmt: skip


def header_bytes(start: bytes, size: int) -> int:
    """Return how long the header is, from the first 8 bytes of a file of that size; ValueError where it cannot be."""
    if len(start) < LENGTH_BYTES:
        raise ValueError("it is too short to be safetensors")
    length = int.from_bytes(start, "little")
    if length > min(LARGEST_HEADER_BYTES, size - LENGTH_BYTES):
        raise ValueError(f"its header would be {length:,} bytes long, in a file of {size:,}")
    return length


def names(header: bytes, data_bytes: int) -> list[str]:
    """Return the names of the tensors; ValueError unless they fill the data exactly, none over another."""
    value = model_json.read(header.decode("utf-8"))
    if not isinstance(value, dict):
        raise ValueError("its header is no table of tensors")
    metadata = value.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(item, str) for item in metadata.values()):
        raise ValueError("its metadata is no table of texts")
    places = sorted(_place(name, tensor) for name, tensor in value.items())
    edges = [(0, 0), *places, (data_bytes, data_bytes)]
    for (_, end), (start, _) in pairwise(edges):
        if start < end:
            raise ValueError("tensors lie over each other or beyond the end of the file")
        if start > end:
            raise ValueError(f"{start - end:,} bytes belong to no tensor")
    return sorted(value)


def _place(name: str, tensor: Any) -> tuple[int, int]:
    """Return where a tensor's bytes begin and end; ValueError unless type, shape and bytes agree."""
    try:
        (start, end), shape, bits = tensor["data_offsets"], tensor["shape"], BITS[tensor["dtype"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{name} has no known type, shape and place") from error
    if not all(type(number) is int and number >= 0 for number in (start, end, *shape)):
        raise ValueError(f"{name} has a negative size or place")
    if math.prod(shape) * bits != (end - start) * 8:
        raise ValueError(f"{name} has {end - start:,} bytes, which is not its shape {shape}")
    return start, end
