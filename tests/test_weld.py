"""dvc.yaml is welded to the code: what it declares is what the steps take and can reach, no less and no more."""

from __future__ import annotations

import argparse
import ast
import re
import shlex
from pathlib import Path

import pytest

from retune.core import parts
from retune.io.dvc import Stage, stages
from tasks.__main__ import paths_of, settings_of, step_named
from tests.reach import ROOT, chosen_from, reachable

STAGES = stages(ROOT)
CODE = ("retune/", "tasks/", "flows/")
CHOSEN_KINDS = {
    ROOT / "retune" / kind
    for kind in (
        "modeling/heads",
        "modeling/floors",
        "modeling/task_types",
        "modeling/families",
        "modeling/methods",
        "core/builders",
        "core/metrics",
    )
}


def options(stage: Stage) -> dict[str, str]:
    """Return the options of a stage's command by the name of the step's parameter."""
    words = shlex.split(stage.command)
    assert words[:3] == ["python", "-m", "tasks"]
    parser = argparse.ArgumentParser()
    for name in [*paths_of(step_named(words[3])), "params"]:
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name)
    return {name: value for name, value in vars(parser.parse_args(words[4:])).items() if value is not None}


@pytest.fixture(params=STAGES, ids=lambda stage: stage.name)
def stage(request: pytest.FixtureRequest) -> Stage:
    return request.param  # type: ignore[no-any-return]


def test_the_command_gives_every_path_of_the_step(stage: Stage) -> None:
    step = step_named(shlex.split(stage.command)[3])
    assert set(options(stage)) - {"params"} == set(paths_of(step))


def test_every_path_is_a_declared_dependency_or_out(stage: Stage) -> None:
    declared = {*stage.dependencies, *stage.outs}
    given = {value for name, value in options(stage).items() if name != "params"}
    assert given <= declared, f"{stage.name}: not declared: {sorted(given - declared)}"


def test_every_out_and_every_data_dependency_is_given_to_the_step(stage: Stage) -> None:
    given = set(options(stage).values())
    data = {path for path in stage.dependencies if not path.startswith(CODE) and path != "params.yaml"}
    assert data | set(stage.outs) <= given


def test_a_params_section_is_declared_if_and_only_if_the_step_takes_one(stage: Stage) -> None:
    takes = settings_of(step_named(shlex.split(stage.command)[3])) is not None
    assert ("params" in options(stage)) == takes == ("params.yaml" in stage.dependencies)


def test_the_code_that_a_step_can_reach_is_its_dependency_and_no_more(stage: Stage) -> None:
    step = ROOT / "tasks" / f"{shlex.split(stage.command)[3]}.py"
    declared = {ROOT / path for path in stage.dependencies if path.startswith(CODE)}
    parts_chosen = {path for path in declared if path.parent in CHOSEN_KINDS or path in CHOSEN_KINDS}
    others = {other for path in parts_chosen for other in _others(path)}  # another model may choose one of them
    needed = reachable(step, *parts_chosen, *others) - others
    missing, too_much = _names(needed - declared), _names(declared - needed)
    assert declared == needed, f"{stage.name}: missing {missing}, too much {too_much}"
    kinds = {folder for file in needed if file.is_file() for folder in chosen_from(file)}
    kinds |= {(ROOT / value).parent for value in options(stage).values() if value.startswith(CODE)}
    assert kinds == {path if path.is_dir() else path.parent for path in parts_chosen}, f"{stage.name}: parts by name"


def _others(part: Path) -> set[Path]:
    """Return the other parts of a kind of which a model chooses one; none where a stage reads the whole folder."""
    if part.is_dir() or part.name.startswith("_"):
        return set()
    return {path for path in part.parent.glob("*.py") if not path.name.startswith("_") and path != part}


def test_a_stage_depends_on_the_parts_that_its_model_chose_and_no_others() -> None:
    train = next(stage for stage in STAGES if stage.step == "train")
    methods = [path for path in train.dependencies if path.startswith("retune/modeling/methods/")]
    assert methods == ["retune/modeling/methods/lora.py"]
    assert len(parts.names("retune.modeling.methods")) > 1


def test_packages_hold_no_code() -> None:
    for package in [*ROOT.glob("retune/**/__init__.py"), *ROOT.glob("tasks/__init__.py")]:
        body = ast.parse(package.read_text(encoding="utf-8")).body
        only_words = all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)
        assert only_words, f"{package.relative_to(ROOT)}: code here would be a dependency of every stage"


def test_every_step_is_declared_once_in_dvc_or_called_by_a_flow_or_a_command() -> None:
    in_dvc = {shlex.split(stage.command)[3] for stage in STAGES}
    callers = [*(ROOT / "flows").glob("*.py"), *(ROOT / "retune" / "cli").rglob("*.py")]
    called = {name for name in parts.names("tasks") for file in callers if _imports(file, name)}
    assert in_dvc | called == set(parts.names("tasks"))
    assert not in_dvc & called, f"declared twice: {sorted(in_dvc & called)}"


def _imports(file: Path, step: str) -> bool:
    """Tell whether a file of the flows or of the command line calls a step."""
    return re.search(rf"from tasks\.{step} import \S", file.read_text(encoding="utf-8")) is not None


def _names(paths: set[Path]) -> list[str]:
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)
