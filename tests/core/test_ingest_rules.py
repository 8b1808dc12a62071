import pytest
from pydantic import ValidationError

from retune.core.ingest_dates import iso
from retune.core.ingest_rules import access_of, department_of
from retune.core.params.ingest import AccessParams, DepartmentParams

ACCESS = AccessParams.model_validate(
    {
        "levels": ["public", "internal", "restricted"],
        "default": "internal",
        "rules": {"board/*": "restricted", "web/*": "public"},
    }
)


@pytest.mark.parametrize(
    ("path", "stated", "label"),
    [
        ("handbook/a.md", "", "internal"),
        ("board/2026/a.md", "", "restricted"),
        ("web/a.md", "", "public"),
        ("web/a.md", "Restricted", "restricted"),
        ("board/a.md", "public", "restricted"),
        ("handbook/a.md", "public", "public"),
        ("handbook/a.md", "top secret", "restricted"),
    ],
)
def test_the_most_restrictive_label_that_speaks_holds(path: str, stated: str, label: str) -> None:
    assert access_of(path, {"Access": stated}, ACCESS) == label


def test_a_rule_with_an_unknown_label_is_a_wrong_setting() -> None:
    with pytest.raises(ValidationError, match="secret"):
        AccessParams.model_validate({"levels": ["public"], "default": "public", "rules": {"x/*": "secret"}})


@pytest.mark.parametrize(
    ("path", "stated", "department"),
    [
        ("hr/a.md", "legal", "legal"),
        ("finance/tax/a.md", "", "tax"),
        ("finance/a.md", "", "money"),
        ("hr/a/b.md", "", "hr"),
        ("a.md", "", ""),
    ],
)
def test_a_document_before_a_rule_before_its_folder_names_the_department(
    path: str, stated: str, department: str
) -> None:
    rules = {"finance/tax/*": "tax", "finance/*": "money"}
    settings = DepartmentParams(rules=rules, from_folder=True)
    assert department_of(path, {"department": stated}, settings) == department


def test_folders_are_no_departments_where_the_settings_say_so() -> None:
    assert department_of("hr/a.md", {}, DepartmentParams(rules={}, from_folder=False)) == ""


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-02-03", "2026-02-03"),
        ("2026/02/03", "2026-02-03"),
        ("2026-02-03 10:15", "2026-02-03T10:15:00"),
        ("2026-02-03T10:15:00Z", "2026-02-03T10:15:00+00:00"),
        ("Tue, 03 Feb 2026 10:15:00 +0100", "2026-02-03T10:15:00+01:00"),
        ("03/02/2026", ""),
        ("soon", ""),
        ("", ""),
    ],
)
def test_a_date_is_written_in_one_way_or_left_out(text: str, date: str) -> None:
    assert iso(text) == date
