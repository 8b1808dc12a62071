"""`retune estimate`: what a run would take and cost, before it is started."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune.cli.options import AsJson, ModelNames, print_json
from retune.core.errors import EXIT_SUCCESS

if TYPE_CHECKING:
    from flows.plan import Plan
    from retune.core.estimate import Estimate, Needed

PANEL = "Look"
MINUTE = 60.0


def main(model: ModelNames = None, as_json: AsJson = False) -> int:
    """Says which stages a run would do, and what they would take and cost; data/ is brought up to date for it."""
    from dataclasses import asdict

    from retune.core.footprint import Step, footprint
    from tasks.estimate import estimate

    root = Path.cwd()
    plan = _plan(root, model or [])
    found = estimate(root=root, project=plan.project, stages=_stages(plan))
    steps = [Step(one.stage, one.seconds) for one in found.stages if one.seconds is not None]
    cost = footprint(steps, plan.project.machine)
    if as_json:
        print_json({**asdict(found), "cost": cost["total"], "currency": cost["currency"]})
    else:
        _show(found, cost)
    return EXIT_SUCCESS


def _plan(root: Path, models: list[str]) -> Plan:
    """Return what a run would do."""
    from flows.plan import LOCK, prepare
    from retune.io.locks import exclusive

    with exclusive(root / LOCK, wait=False):
        return prepare(root, models, say=print, cause="by hand")


def _stages(plan: Plan) -> list[str]:
    """Return the names of the stages that would run."""
    from retune.core.estimate import to_run

    makers = {out: stage.name for stage in plan.stages for out in stage.outs}
    before = {stage.name: {makers[path] for path in stage.dependencies if path in makers} for stage in plan.stages}
    return to_run(plan.changed, before, [stage.name for stage in plan.stages])


def _show(found: Estimate, cost: dict[str, Any]) -> None:
    """Print a line per stage, the sum, its cost, and how good such estimates were."""
    if not found.stages:
        print("Nothing changed: a run would end in seconds.")
        return
    for one in found.stages:
        seconds = f"{one.seconds:8.1f} s" if one.seconds is not None else "       ? s"
        print(f"{one.stage:32} {seconds}  {one.ground}")
    for stage, needed in found.needed.items():
        print(_told(stage, needed))
    more = f", and {len(found.unknown)} stages that never ran here" if found.unknown else ""
    print(f"{'together':32} {found.seconds:8.1f} s ({found.seconds / MINUTE:.1f} minutes){more}")
    total = cost["total"]
    if total["price"] is not None:
        print(f"{'cost':32} {total['price']:8.2f} {cost['currency']}")
    if total["kwh"] is not None:
        print(f"{'energy':32} {total['kwh']:8.3f} kWh")
    if found.past_error is None:
        print("How far such estimates are off is not known yet: it takes two runs.")
    else:
        print(f"Of {found.past_runs} past runs, half were off by no more than {100 * found.past_error:.0f} %.")


def _told(stage: str, needed: Needed) -> str:
    """Say what a training needs that never ran here."""
    return (
        f"{stage}: {needed.memory_bytes / 1e9:.2f} GB of memory at least; {needed.steps} steps over {needed.tokens:,} "
        f"tokens; {needed.trainable:,} of {needed.parameters:,} weights learn; {needed.operations:.1e} operations"
    )
