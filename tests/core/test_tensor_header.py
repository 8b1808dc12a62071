import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from retune.core import tensor_header

KINDS = [np.float16, np.float32, np.float64, np.int8, np.int64, np.uint8, np.bool_]


def header(**tensors: Any) -> bytes:
    return json.dumps(tensors).encode()


def tensor(start: int, end: int, shape: list[int], dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.lists(st.integers(0, 3), max_size=3)), max_size=4))
def test_what_the_formats_own_library_writes_passes(shapes: list[tuple[Any, list[int]]]) -> None:
    data = save({f"t{place}": np.zeros(shape, kind) for place, (kind, shape) in enumerate(shapes)})
    length = tensor_header.header_bytes(data[:8], len(data))
    found = tensor_header.names(data[8 : 8 + length], len(data) - 8 - length)
    assert found == sorted(f"t{place}" for place in range(len(shapes)))


@pytest.mark.parametrize("start", [b"\xff" * 8, (10**9).to_bytes(8, "little"), (93).to_bytes(8, "little"), b"\x80\x04"])
def test_a_header_that_the_file_cannot_hold_is_refused(start: bytes) -> None:
    with pytest.raises(ValueError, match=r"header|too short"):
        tensor_header.header_bytes(start, 100)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (header(a=tensor(0, 8, [2]), b=tensor(4, 12, [2])), "over each other"),
        (header(a=tensor(0, 8, [2]), b=tensor(8, 16, [2])), "beyond the end"),
        (header(a=tensor(0, 4, [1]), b=tensor(8, 12, [1])), "4 bytes belong to no tensor"),
        (header(a=tensor(0, 8, [2])), "4 bytes belong to no tensor"),
        (header(a=tensor(0, 12, [2])), "which is not its shape"),
        (header(a=tensor(0, 12, [-3])), "negative"),
        (header(a=tensor(-4, 8, [3])), "negative"),
        (header(a=tensor(0, 12, [3], "PICKLE")), "no known type"),
        (header(a="x"), "no known type"),
        (header(__metadata__={"format": ["pt"]}, a=tensor(0, 12, [3])), "metadata"),
        (b"[]", "no table"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b"\x80\x04\x95", "utf-8"),
    ],
)
def test_a_header_that_lies_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tensor_header.names(content, 12)
