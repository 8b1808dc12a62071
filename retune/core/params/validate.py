"""Settings of validate, and of every step that measures rows: what each gate looks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import create_model

from retune.core.gating import gates
from retune.core.params.base import Settings


class RowRules(Settings):
    """The settings of the gates on one kind of table, by gate."""

    def of(self, gate: str) -> Any:
        """Return a gate's settings, None for a gate that has none."""
        return getattr(self, gate, None)

    @property
    def given(self) -> list[str]:
        """Return the gates for which there are settings."""
        return [name for name in type(self).model_fields if self.of(name) is not None]


def rules_for(kind: str) -> type[RowRules]:
    """Return the closed class of settings that the gates on a kind of table have together.

    Those of gates on labels may be missing here: which of them apply depends on the task type (`check_rules`).
    """
    found = {name: gate for name, gate in gates(kind).items() if hasattr(gate, "Rules")}
    optional = {name for name, gate in found.items() if "label" in gate.REQUIRES}
    fields: dict[str, Any] = {
        name: (gate.Rules | None, None) if name in optional else gate.Rules for name, gate in found.items()
    }
    return create_model(
        f"{kind.capitalize()}Rules", __base__=RowRules, __doc__=f"What the gates on {kind} look for.", **fields
    )


if TYPE_CHECKING:
    DocumentRules = RowRules
    ExampleRules = RowRules
else:
    DocumentRules = rules_for("documents")
    ExampleRules = rules_for("examples")


class ValidateParams(Settings):
    """Settings of validate."""

    rules: DocumentRules
    """What the gates on documents look for; how much of it may be found is said in `corpus.gate`."""
