from pathlib import Path

import pytest

from retune.core import parts
from retune.modeling import plots
from tests.core.version_toys import WRITTEN

LABELS = ["badge", "printer <2nd floor>", "vpn"]
COUNTS = [[5, 0, 1, 0], [0, 7, 0, 2], [1, 0, 9, 0]]
SCORES = {label: {"rows": 10, "f1": {"value": 0.5, "low": 0.3, "high": 0.8}} for label in LABELS}
BINS = [{"low": 0.8, "high": 0.9, "rows": 7, "confidence": 0.84, "accuracy": 0.71}]
RELIABILITY = {"bins": BINS, "ece": {"value": 0.131, "low": 0.02, "high": 0.3}}
POINTS = [
    {"share": share, "rows": 400 * share, "accuracy": {"value": share, "low": 0, "high": 1}} for share in (0.5, 1)
]
LABELLED = {"confusion": lambda: plots.confusion(LABELS, COUNTS), "per_class": lambda: plots.per_class(SCORES)}
DRAWN = {
    **LABELLED,
    "reliability": lambda: plots.reliability(RELIABILITY),
    "floors": lambda: plots.floors(WRITTEN),
    "words": lambda: plots.words(WRITTEN["words"]),
    "learning_curve": lambda: plots.learning_curve({"points": POINTS}),
}


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_scores_are_the_same_bytes(name: str, tmp_path: Path) -> None:
    written = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        plots.save(DRAWN[name](), folder, name)
        written.append([(folder / f"{name}.{kind}").read_bytes() for kind in ("svg", "png")])
    assert written[0] == written[1]


def test_a_picture_of_reliability_says_the_error_and_the_rows_behind_it(tmp_path: Path) -> None:
    plots.save(plots.reliability(RELIABILITY), tmp_path, "reliability")
    text = (tmp_path / "reliability.svg").read_text()
    assert "Calibration error 0.131 [0.020, 0.300]" in text
    assert ">7<" in text


@pytest.mark.parametrize("name", LABELLED)
def test_a_picture_names_every_label(name: str, tmp_path: Path) -> None:
    plots.save(DRAWN[name](), tmp_path, name)
    text = (tmp_path / f"{name}.svg").read_text()
    assert all(label in text for label in ("badge", "printer &lt;2nd floor&gt;", "vpn"))
    assert "<dc:date>" not in text


def test_answers_that_were_not_given_have_a_column_of_their_own(tmp_path: Path) -> None:
    plots.save(plots.confusion(LABELS, COUNTS), tmp_path, "confusion")
    assert "(none)" in (tmp_path / "confusion.svg").read_text()


@pytest.mark.parametrize("name", parts.names("retune.modeling.task_types"))
def test_a_task_type_names_pictures_that_there_are(name: str) -> None:
    assert set(parts.find("retune.modeling.task_types", name).PLOTS) <= set(plots.PICTURES)


def test_what_was_not_measured_is_not_drawn(tmp_path: Path) -> None:
    assert plots.drawn("confusion", WRITTEN) is None
    assert plots.drawn("learning_curve", {"learning_curve": {}}) is None
    figure = plots.drawn("floors", WRITTEN)
    assert figure is not None
    plots.save(figure, tmp_path, "floors")
    text = (tmp_path / "floors.svg").read_text()
    assert all(name in text for name in ("the model", "lead3", "untuned", "rougeL with 95 % interval"))
