import pytest

from retune.core.retention import retention


@pytest.mark.case("TR-9")
def test_retention_pairs_parent_and_child_on_the_parents_test_rows() -> None:
    labels = ["a"] * 10
    before, now = ["a"] * 8 + ["b"] * 2, ["a"] * 7 + ["b", "a", "b"]
    found = retention("router version 3", labels, before, now, gone=4)
    assert (found["rows"], found["gone"], found["b"], found["c"]) == (10, 4, 1, 1)
    assert found["parent_accuracy"]["value"] == found["accuracy"]["value"] == 0.8
    assert "accuracy 0.800 against 0.800 of router version 3 on 10 of its test rows: +0.0 points" in found["line"]


def test_retention_without_a_row_says_so() -> None:
    assert "none of the test rows" in retention("router version 3", [], [], [], gone=9)["line"]
