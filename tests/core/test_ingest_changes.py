import pytest

from retune.core.ingest_changes import changes


@pytest.mark.case("IN-4")
@pytest.mark.case("IN-5")
def test_added_changed_removed_and_renamed_files_are_told_apart() -> None:
    before = {"same": "1", "edited": "2", "gone": "3", "old name": "4", "copy b": "5", "copy a": "5"}
    after = {"same": "1", "edited": "9", "new": "8", "new name": "4", "copy c": "5"}
    assert changes(before, after) == {
        "added": ["new"],
        "changed": ["edited"],
        "removed": ["copy b", "gone"],
        "renamed": [{"from": "copy a", "to": "copy c"}, {"from": "old name", "to": "new name"}],
    }


def test_nothing_changed_is_nothing() -> None:
    assert changes({"a": "1"}, {"a": "1"}) == {"added": [], "changed": [], "removed": [], "renamed": []}
