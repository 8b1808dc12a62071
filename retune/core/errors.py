"""The ways a run can end other than well; each knows its exit code."""

from __future__ import annotations

EXIT_SUCCESS = 0
EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_GATE = 3
EXIT_WAITING = 4
EXIT_INTEGRITY = 5

EXIT_MEANINGS = {
    EXIT_SUCCESS: "success",
    EXIT_FAILURE: "an unexpected failure",
    EXIT_USAGE: "wrong usage or configuration",
    EXIT_GATE: "a gate said no",
    EXIT_WAITING: "waiting for approval",
    EXIT_INTEGRITY: "a hash or signature does not hold",
}


class RetuneError(Exception):
    """An error with an exit code and a message that says what to do."""

    exit_code = EXIT_FAILURE


class UserError(RetuneError):
    """Wrong usage or configuration: says what was expected, what was found and what to do."""

    exit_code = EXIT_USAGE

    def __init__(self, *, expected: str, found: str, todo: str) -> None:
        self.expected, self.found, self.todo = expected, found, todo
        super().__init__(f"expected {expected}; found {found}. {todo}")


class GateError(RetuneError):
    """A gate said no: the reasons name what failed, by how much."""

    exit_code = EXIT_GATE

    def __init__(self, gate: str, reasons: list[str]) -> None:
        self.gate, self.reasons = gate, reasons
        super().__init__(f"{gate} said no: " + "; ".join(reasons))


class WaitingError(RetuneError):
    """A person has to approve first: says who may, of what, and how."""

    exit_code = EXIT_WAITING

    def __init__(self, model: str, version: str, message: str) -> None:
        self.model, self.version = model, version
        super().__init__(message)


class IntegrityError(RetuneError):
    """A hash does not hold: the file is not the one that was written."""

    exit_code = EXIT_INTEGRITY


class UnavailableError(RetuneError):
    """A server or a resource did not answer: nothing was lost, running again continues."""
