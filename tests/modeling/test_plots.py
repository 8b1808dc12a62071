from pathlib import Path

import pytest

from retune.modeling import plots

LABELS = ["badge", "printer <2nd floor>", "vpn"]
COUNTS = [[5, 0, 1, 0], [0, 7, 0, 2], [1, 0, 9, 0]]
SCORES = {label: {"rows": 10, "f1": {"value": 0.5, "low": 0.3, "high": 0.8}} for label in LABELS}
DRAWN = {"confusion": lambda: plots.confusion(LABELS, COUNTS), "per_class": lambda: plots.per_class(SCORES)}


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_scores_are_the_same_bytes(name: str, tmp_path: Path) -> None:
    written = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        plots.save(DRAWN[name](), folder, name)
        written.append([(folder / f"{name}.{kind}").read_bytes() for kind in ("svg", "png")])
    assert written[0] == written[1]


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_names_every_label(name: str, tmp_path: Path) -> None:
    plots.save(DRAWN[name](), tmp_path, name)
    text = (tmp_path / f"{name}.svg").read_text()
    assert all(label in text for label in ("badge", "printer &lt;2nd floor&gt;", "vpn"))
    assert "<dc:date>" not in text


def test_answers_that_were_not_given_have_a_column_of_their_own(tmp_path: Path) -> None:
    plots.save(plots.confusion(LABELS, COUNTS), tmp_path, "confusion")
    assert "(none)" in (tmp_path / "confusion.svg").read_text()
