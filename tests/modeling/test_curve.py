from pathlib import Path

import numpy as np

from retune.modeling import curve

DRAW = np.random.default_rng(2)
CODES = np.repeat([0, 1, 2], [40, 20, 3])
VECTORS = (np.eye(3)[CODES] + DRAW.normal(size=(63, 3)) / 3).astype(np.float32)


def test_each_class_gives_its_share_and_a_larger_part_holds_the_smaller() -> None:
    quarter, half = (curve.part_of(CODES, share, seed=1) for share in (0.25, 0.5))
    assert np.bincount(CODES[quarter]).tolist() == [10, 5, 1]
    assert np.bincount(CODES[half]).tolist() == [20, 10, 2]
    assert set(quarter) < set(half)
    assert set(curve.part_of(CODES, 0.25, seed=2)) != set(quarter)


def test_what_was_written_is_what_is_read_in_the_order_of_the_shares(tmp_path: Path) -> None:
    parts = curve.fit(VECTORS, CODES, 3, 1.0, (0.5, 0.25), 1)
    curve.write(tmp_path / "curve.safetensors", parts)
    found = curve.read(tmp_path / "curve.safetensors")
    assert [(part.share, part.rows) for part in found] == [(0.25, 16), (0.5, 32)]
    np.testing.assert_array_equal(found[1].probe.logits(VECTORS), parts[0].probe.logits(VECTORS))
    assert (found[1].probe.logits(VECTORS).argmax(axis=1) == CODES).mean() > 0.9


def test_no_parts_are_a_file_too(tmp_path: Path) -> None:
    curve.write(tmp_path / "curve.safetensors", curve.fit(VECTORS, CODES, 3, 1.0, (), 1))
    assert curve.read(tmp_path / "curve.safetensors") == []


def test_a_part_of_one_class_alone_is_left_out() -> None:
    assert curve.fit(VECTORS[:40], CODES[:40], 3, 1.0, (0.5,), 1) == []
