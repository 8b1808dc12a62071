from typing import Any

from retune.core import learning_curve
from retune.core.learning_curve import Point

LABELS = ["a", "b"] * 100


def right(count: int) -> list[str]:
    """Return answers of which so many are right."""
    return [label if place < count else "none" for place, label in enumerate(LABELS)]


def report(*points: Point) -> dict[str, Any]:
    return learning_curve.report(points, LABELS, None, alpha=0.05, seed=1)


def test_a_gain_that_the_test_rows_show_says_that_more_would_help() -> None:
    found = report(Point(1.0, 400, right(180)), Point(0.5, 200, right(160)), Point(0.25, 100, right(150)))
    assert [point["rows"] for point in found["points"]] == [100, 200, 400]
    assert [point["accuracy"]["value"] for point in found["points"]] == [0.75, 0.8, 0.9]
    assert all(one["accuracy"]["low"] < one["accuracy"]["value"] < one["accuracy"]["high"] for one in found["points"])
    assert found["line"].startswith("More examples would help: from 200 to 400 training rows")
    assert "800 rows would make it about 0.950" in found["line"]  # errors went from 0.2 to 0.1, so to 0.05
    assert "+10.0 points" in found["line"]


def test_no_gain_and_one_that_chance_could_make_are_not_called_help() -> None:
    for last in (150, 152):
        line = report(Point(0.5, 200, right(150)), Point(1.0, 400, right(last)))["line"]
        assert line.startswith("More examples of the same kind are not shown to help")


def test_a_curve_of_one_point_says_that_nothing_was_measured() -> None:
    found = report(Point(1.0, 400, right(150)))
    assert len(found["points"]) == 1
    assert "was not measured" in found["line"]
