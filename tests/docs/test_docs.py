"""The docs say what is true: their examples run, their links lead somewhere, their commands exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from retune.core.parts import names as parts_in
from tests.conftest import CHECKOUT

PAGES = [path for path in [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))] if path.exists()]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FILE_LINE = re.compile(r"# ((?:retune|tasks)/[\w/]+\.py)\n")
COPIED = ("retune", "tasks", "tests", "params.yaml", "dvc.yaml", "pyproject.toml")

CORE_KINDS = ("formats", "recognizers", "gates", "builders", "metrics", "drift/aspects")
CHECK_CORE = """
from pathlib import Path
from tests.core.test_part_contracts import IMPORT_ALL, contracts
exec(IMPORT_ALL)
from retune.project import read_project
read_project(Path())
{calls}
"""


def blocks(language: str) -> list[str]:
    """Return the blocks of a language in docs/extend.md."""
    text = (CHECKOUT / "docs" / "extend.md").read_text(encoding="utf-8")
    return [body for kind, body in BLOCK.findall(text) if kind == language]


EXAMPLES = {match[1]: body[match.end() :] for body in blocks("python") if (match := FILE_LINE.match(body))}


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project to which every example of docs/extend.md was added as the page says."""
    root = tmp_path_factory.mktemp("extended")
    for name in COPIED:
        source, ignored = CHECKOUT / name, shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, root / name, ignore=ignored) if source.is_dir() else shutil.copy(source, root / name)
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_text("[core]\nno_scm = true\n", encoding="utf-8")
    for path, body in EXAMPLES.items():
        (root / path).write_text(body, encoding="utf-8")
    for body in blocks("yaml"):
        target = root / body.split()[1].rstrip(":")
        merged = merge(yaml.safe_load(target.read_text(encoding="utf-8")), yaml.safe_load(body))
        target.write_text(yaml.safe_dump(merged, sort_keys=False), encoding="utf-8")
    return root


def merge(old: Any, new: Any) -> Any:
    """Return settings with others added: lists grow, and what belongs to a part is replaced."""
    if isinstance(old, dict) and isinstance(new, dict):
        replaced = {"options", "method_settings"}
        joined = {key: value if key in replaced else merge(old.get(key), value) for key, value in new.items()}
        return {**old, **joined}
    return [*old, *new] if isinstance(old, list) and isinstance(new, list) else new


def run_in(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a copy of the project, with the copy's code before the checkout's."""
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


def pytest_in(root: Path, *arguments: str) -> str:
    """Return the last line that pytest prints in a copy of the project; a failure there is one here."""
    done = run_in(root, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return done.stdout.strip().rsplit("\n", 1)[-1]


def names(start: str) -> list[str]:
    """Return the names of the examples below a folder."""
    return [Path(path).stem for path in EXAMPLES if path.startswith(start)]


def test_extend_has_an_example_for_every_kind_of_part() -> None:
    folders = {str(Path(path).parent) for path in EXAMPLES}
    modeling = {f"retune/modeling/{kind}" for kind in ("task_types", "families", "methods")}
    assert folders == {f"retune/core/{kind}" for kind in CORE_KINDS} | modeling | {"tasks"}


def test_the_core_examples_of_extend_keep_the_promises_of_their_kinds(extended: Path) -> None:
    calls = [
        f"contracts.check_{Path(kind).name[:-1]}({name!r})"
        for kind in CORE_KINDS
        for name in names(f"retune/core/{kind}/")
    ]
    script = CHECK_CORE.format(calls="\n".join(calls))
    done = run_in(extended, "-c", script)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout == "{}\n", "a heavy library is imported with a part"
    assert len(calls) == len(CORE_KINDS)


@pytest.mark.slow
def test_the_modeling_examples_of_extend_keep_the_promises_of_their_kinds(extended: Path) -> None:
    chosen = " or ".join(f"[{name}" for name in names("retune/modeling/"))
    assert pytest_in(extended, "tests/modeling/test_part_contracts.py", "-k", chosen).startswith("3 passed")


@pytest.mark.slow
def test_the_stage_that_extend_shows_is_what_its_step_says(extended: Path) -> None:
    assert "passed" in pytest_in(extended, "tests/test_weld.py", "-k", "lengths")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    targets = [target for target in LINK.findall(text) if not re.match(r"[a-z]+:", target)]
    missing = [target for target in targets if not leads_somewhere(page, target)]
    assert not missing, f"{page.name}: {missing}"


def leads_somewhere(page: Path, target: str) -> bool:
    """Tell whether a file is there, and the heading in it, where the link names one."""
    path, _, heading = target.partition("#")
    file = (page.parent / path) if path else page
    if not file.exists():
        return False
    return not heading or heading in [slug(line) for line in file.read_text(encoding="utf-8").split("\n")]


def slug(line: str) -> str:
    """Return the anchor that a heading has on a page."""
    return re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-") if line.startswith("#") else ""


def commands(page: Path) -> list[str]:
    """Return the lines of shell blocks and what stands in backquotes, without comments."""
    text = page.read_text(encoding="utf-8")
    lines = [line for kind, body in BLOCK.findall(text) if kind in ("sh", "bash", "") for line in body.split("\n")]
    return [re.split(r"\s+#", line)[0].strip() for line in [*lines, *CODE.findall(BLOCK.sub("", text))]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_and_every_command_that_is_named_exists(page: Path) -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for line in commands(page):
        words = re.sub(r'"[^"]*"', "x", line).removeprefix(".venv/bin/").split()
        if words[:1] == ["make"]:
            named = [word for word in words[1:] if "=" not in word]
            assert set(named) <= targets, f"{page.name}: {line}"
        elif words[:1] == ["retune"] and len(words) > 1:
            assert words[1] in known_commands() or words[1].startswith("-"), f"{page.name}: {line}"


def known_commands() -> set[str]:
    """Return the commands of `retune`."""
    return {name.replace("_", "-") for name in parts_in("retune.cli.commands")}
