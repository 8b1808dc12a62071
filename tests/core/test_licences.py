from pathlib import Path

import pytest

from retune.core import licences

APACHE = "  Apache License\n  Version 2.0, January 2004\n  compatible with the GNU General Public License, version 3"


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("---\nlicense: MIT\n---\n# Model", ["mit"]),
        ("---\nlicense: [mit, apache-2.0]\ntags: [a]\n---\n", ["mit", "apache-2.0"]),
        ("---\nlicense: other\nlicense_name: tongyi-qianwen\n---\n", ["tongyi-qianwen"]),
        ("---\nlicense: other\n---\n", ["other"]),
        ("---\ntags: [a]\n---\n", []),
        ("---\nlicense: [unclosed\n---\n", []),
        ("# Model\n\nlicense: mit\n", []),
    ],
)
def test_a_card_says_its_licence_in_its_front_matter(card: str, expected: list[str]) -> None:
    assert licences.of_card(card) == expected


def test_a_licence_is_known_by_its_text_and_not_by_others_that_it_names() -> None:
    assert licences.of_text(APACHE) == ["apache-2.0"]
    assert licences.of_text("All rights reserved.") == []


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("apache__tika", "apache-2.0"),
        ("clebert__llama2.zig", "mit"),
        ("py-pdf__pypdf", "bsd-3-clause"),
        ("deepmind__xquad", "cc-by-sa-4.0"),
        ("PolyAI-LDN__task-specific-datasets", "cc-by-4.0"),
        ("cisagov__kev-data", "cc0-1.0"),
    ],
)
def test_real_licence_files_are_known(shared_data: Path, name: str, expected: str) -> None:
    text = (shared_data / "data" / "licences" / f"{name}.txt").read_text(encoding="utf-8")
    assert licences.of_text(text) == [expected]


def test_only_what_is_allowed_passes_and_the_unknown_does_not() -> None:
    assert licences.refused("llama2", []) == []
    assert licences.refused("", ["mit"]) == [""]
    assert licences.refused("mit, llama2", ["MIT"]) == ["llama2"]
