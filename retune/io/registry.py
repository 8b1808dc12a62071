"""Registered versions and their aliases: one version per fingerprint, a champion that follows recorded decisions."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from retune.core.errors import RetuneError
from retune.io.mlflow_store import (
    DECISIONS,
    RUNS,
    answering,
    connect,
    experiment_id,
    has_code,
    holder,
    locked,
    page,
    quoted,
)

CHAMPION, PREVIOUS, CHALLENGER = "champion", "previous", "challenger"
FINGERPRINT, CONTENT = "retune.fingerprint", "retune.model_sha256"
PACKAGE = "retune.files_sha256"  # of the list of its files: what was decided on, approved and may answer
PROMOTED, KEPT, REFUSED, ROLLED_BACK = "promoted", "kept", "refused", "rolled_back"  # kept: not better, refused: a gate
AWAITING, APPROVED, DECLINED = "awaiting", "approved", "declined"  # for and by a person; declined: asked for by hand
MODEL, OUTCOME, FROM, TO = "retune.model", "retune.outcome", "retune.from", "retune.to"
WHO, WHY, EVIDENCE, DONE = "retune.who", "retune.why", "retune.evidence_sha256", "retune.done"
POLICY, FORCED = "retune.policy_sha256", "retune.forced"
PARENT_MODEL, PARENT_VERSION = "retune.parent_model", "retune.parent_version"  # on a version that continues another
WITHDRAWN = "retune.withdrawn"  # on a version: why it is not to be used any more
WITHDREW = "withdrawn"  # a deletion took the alias from a version; `after` is empty where it found no other one
MOVES = (PROMOTED, ROLLED_BACK, WITHDREW)
ABOUT = (
    "Tuned on this organisation's documents. `models:/{name}@champion` is the version that answers, `previous` the one "
    "before it, `challenger` the last one that was decided on; each decision is a run with its evidence."
)
MOST_VERSIONS = 10_000
NOBODY = "none"  # the tag of an empty value, since a search for an empty one finds nothing


@dataclass(frozen=True)
class Version:
    """One registered version; `source` is the address of its files."""

    number: str
    source: str
    run_id: str
    tags: dict[str, str]
    created: int  # milliseconds since 1970, by the server's clock


@dataclass(frozen=True)
class Decision:
    """Who made which version the champion, or refused to, why, and on what evidence; `before` is empty at first."""

    outcome: str
    before: str
    after: str
    who: str
    why: str
    evidence_sha256: str = ""
    policy_sha256: str = ""  # of the settings that the decision followed
    details: dict[str, Any] = field(default_factory=dict)
    run_id: str = ""
    is_done: bool = False  # the aliases followed
    started: int = 0  # milliseconds since 1970, by the clock of the host that decided; later ones are never earlier
    package_sha256: str = ""  # of the list of files of the version `after`
    is_forced: bool = False  # a person overruled the evidence


class Registry:
    """The versions of one registered model; raises UnavailableError when the server does not answer."""

    def __init__(self, uri: str, name: str, experiment: str = RUNS) -> None:
        self.uri, self.name = uri, name
        self.client = connect(uri)
        self.experiment = experiment_id(self.client, uri, f"{experiment}{DECISIONS}")

    def version(self, number: str) -> Version | None:
        """Return one version by its number, None where there is none."""
        return self._first(f"name = '{self.name}' and version_number = {int(number)}")

    def find(self, tag: str, value: str) -> Version | None:
        """Return the oldest version whose tag has that value, None where there is none."""
        return self._first(f"name = '{self.name}' and {quoted({tag: value})}")

    def versions(self) -> list[Version]:
        """Return all versions, the newest first."""
        with answering(self.uri):
            found = self.client.search_model_versions(
                f"name = '{self.name}'", order_by=["version_number DESC"], max_results=MOST_VERSIONS
            )
        return [_version(one) for one in found]

    def newest(self, *, but: str) -> Version | None:
        """Return the newest version of another fingerprint than this one, None where there is none."""
        with answering(self.uri):
            found = self.client.search_model_versions(
                f"name = '{self.name}'", order_by=["version_number DESC"], max_results=2
            )
        return next((one for one in map(_version, found) if one.tags.get(FINGERPRINT) != but), None)

    def register(
        self, *, source: str, model_id: str | None, run_id: str | None, tags: dict[str, str], description: str = ""
    ) -> tuple[Version, bool]:
        """Return the version of the fingerprint in `tags` and whether it is new: searched and created under a lock."""
        with answering(self.uri), locked(self.uri):
            found = self.find(FINGERPRINT, tags[FINGERPRINT])
            if found is not None:
                return found, False
            self._ensure_model()
            made = self.client.create_model_version(
                self.name, source, run_id=run_id, tags=tags, model_id=model_id, description=description
            )
            return _version(made), True

    def aliases(self) -> dict[str, str]:
        """Return which alias points to which version number."""
        from mlflow.exceptions import MlflowException

        with answering(self.uri):
            try:
                found = self.client.get_registered_model(self.name).aliases
            except MlflowException as error:
                if has_code(error, "RESOURCE_DOES_NOT_EXIST"):
                    return {}
                raise
        return {alias: str(number) for alias, number in found.items()}

    def challenge(self, number: str) -> None:
        """Let `challenger` point to a version that is to be decided on."""
        with answering(self.uri):
            self.client.set_registered_model_alias(self.name, CHALLENGER, number)

    def unchallenge(self) -> None:
        """Let `challenger` point to nothing: the version is not to be promoted any more."""
        with answering(self.uri):
            self.client.delete_registered_model_alias(self.name, CHALLENGER)

    def decisions(self, **tags: str) -> list[Decision]:
        """Return the recorded decisions on this model, newest first, that bear these tags."""
        return list(self._decisions(tags))

    def _decisions(self, tags: dict[str, str]) -> Iterator[Decision]:
        """Yield decisions, newest first, from as many pages as are read."""
        wanted = quoted({MODEL: self.name, **tags}) + " and attributes.status = 'FINISHED'"
        token = ""
        while True:
            with answering(self.uri):
                runs = self.client.search_runs(
                    [self.experiment], wanted, order_by=["attributes.start_time DESC"], page_token=token or None
                )
            yield from map(_decision, runs)
            token = runs.token
            if not token:
                return

    def last_move(self) -> Decision | None:
        """Return the newest decision that made a version the champion."""
        return next((decision for decision in self._decisions({}) if decision.outcome in MOVES), None)

    def rolled_back(self, number: str) -> Decision | None:
        """Return the decision that took the alias from a version for good, None where none did or it was undone."""
        moves = (one for one in self.decisions() if one.outcome in MOVES and number in (one.before, one.after))
        last = next(moves, None)
        is_left = last is not None and last.outcome in (ROLLED_BACK, WITHDREW) and last.before == number
        return last if is_left else None

    def decide(self, decision: Decision, *, once: bool, ready: Callable[[Version], None]) -> Decision:
        """Record a decision whole, then let the aliases follow; `ready` raises where a version must not answer.

        With `once`, what was decided on the same evidence is found and nothing moves again: a rollback since then
        stands. The champion is read again under the lock: when it is no longer `before`, nothing is recorded or moved,
        and who finds done what it came for returns that.
        """
        with answering(self.uri), locked(self.uri):
            champion = self.aliases().get(CHAMPION, "")
            recorded = self._recorded(decision) if once else None
            if recorded is None and champion != decision.before:
                recorded = self._overtaken(decision, champion)
            recorded = recorded or self._record(self._ready(decision, ready))
            if not recorded.is_done:
                self._follow(recorded)
            return replace(recorded, is_done=True)

    def record(self, decision: Decision) -> Decision:
        """Record what moves no alias: an approval, or that something was declined."""
        with answering(self.uri), locked(self.uri):
            return self._record(self._ready(decision, _nothing))

    def finish(self) -> Decision | None:
        """Let the aliases follow a decision whose process died before they did, and return that decision."""
        with answering(self.uri), locked(self.uri):
            last = self.last_move()
            if last is None or last.is_done or (last.after and self.version(last.after) is None):
                return None
            self._follow(last)
            return last

    def tag(self, number: str, tags: dict[str, str]) -> None:
        """Set tags on a version."""
        with answering(self.uri):
            for key, value in tags.items():
                self.client.set_model_version_tag(self.name, number, key, value)

    def url(self, number: str) -> str:
        """Return the address of a version's page."""
        return page(self.uri, f"models/{self.name}/versions/{number}")

    def decision_url(self, run_id: str) -> str:
        """Return the address of a decision's page."""
        return page(self.uri, f"experiments/{self.experiment}/runs/{run_id}")

    def _ready(self, decision: Decision, ready: Callable[[Version], None]) -> Decision:
        """Return the decision with the hash of its version's files, once a version that is to answer may do so."""
        version = self.version(decision.after) if decision.after else None
        if version is not None and decision.outcome in MOVES:
            ready(version)
        return replace(decision, package_sha256=version.tags.get(PACKAGE, "") if version is not None else "")

    def _overtaken(self, decision: Decision, champion: str) -> Decision:
        """Return the move that did what this one was to do; raises RetuneError where another one was made."""
        last = self.last_move() if decision.outcome in MOVES and champion == decision.after else None
        if last is None or last.after != champion:
            raise RetuneError(
                f"the champion of {self.name} is now version {champion or NOBODY}, no longer "
                f"{decision.before or NOBODY}: another run decided meanwhile; run the same command again"
            )
        return last

    def _recorded(self, decision: Decision) -> Decision | None:
        """Return the first record of the same outcome for the same versions on the same evidence."""
        tags = _tags(decision)
        found = self.decisions(**{key: tags[key] for key in (OUTCOME, FROM, TO, EVIDENCE)})
        return found[-1] if found else None

    def _record(self, decision: Decision) -> Decision:
        """Write the decision as a run of its own, and finish it."""
        tags = {MODEL: self.name, **_tags(decision), **holder(), DONE: "no"}
        name = f"{self.name} {decision.outcome} {decision.before or NOBODY} to {decision.after or NOBODY}"
        last = next(self._decisions({}), None)
        start = max(int(time.time() * 1000), last.started + 1 if last is not None else 0)  # clocks of hosts differ
        run_id = self.client.create_run(self.experiment, start_time=start, run_name=name, tags=tags).info.run_id
        self.client.log_dict(run_id, {**tags, "details": decision.details}, "decision.json")
        self.client.set_terminated(run_id, "FINISHED")
        return _decision(self.client.get_run(run_id))

    def _follow(self, decision: Decision) -> None:
        """Move the aliases: `previous` first, so that at no moment there is no champion; then say that it is done."""
        if decision.outcome in MOVES:
            before = self._before(decision)
            if before:
                self.client.set_registered_model_alias(self.name, PREVIOUS, before)
            if decision.after:
                self.client.set_registered_model_alias(self.name, CHAMPION, decision.after)
            else:
                self.client.delete_registered_model_alias(self.name, CHAMPION)
            aliases = self.aliases()
            if not before and PREVIOUS in aliases:
                self._unset(PREVIOUS)
            if aliases.get(CHALLENGER) == decision.after:
                self._unset(CHALLENGER)
        self.client.set_tag(decision.run_id, DONE, "yes")

    def _unset(self, alias: str) -> None:
        """Delete an alias; who may set aliases on MLflow's server but not delete them leaves it: it harms nothing."""
        from mlflow.exceptions import MlflowException

        try:
            self.client.delete_registered_model_alias(self.name, alias)
        except MlflowException as error:
            if not has_code(error, "PERMISSION_DENIED"):
                raise

    def _before(self, decision: Decision) -> str:
        """Return what `previous` shall be: what the champion itself had replaced, not what a rollback left."""
        if decision.outcome == PROMOTED:
            return decision.before if self._is_usable(decision.before) else ""
        promotions = self.decisions(**{OUTCOME: PROMOTED, TO: decision.after or NOBODY})
        return next((one.before for one in promotions if self._is_usable(one.before)), "")

    def _is_usable(self, number: str) -> bool:
        """Tell whether a version exists and was not withdrawn."""
        version = self.version(number) if number else None
        return version is not None and not version.tags.get(WITHDRAWN)

    def _first(self, search: str) -> Version | None:
        """Return the oldest version that a search finds."""
        with answering(self.uri):
            found = self.client.search_model_versions(search, order_by=["version_number ASC"], max_results=1)
        return _version(found[0]) if found else None

    def _ensure_model(self) -> None:
        """Create the registered model where it is missing."""
        from mlflow.exceptions import MlflowException

        try:
            self.client.create_registered_model(self.name, description=ABOUT.format(name=self.name))
        except MlflowException as error:
            if not has_code(error, "RESOURCE_ALREADY_EXISTS"):
                raise


def _nothing(_version: Version) -> None:
    """Ask nothing of a version: it is not to answer."""


def person() -> str:
    """Return who runs this, for the record; a container may know no more than a number."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


def explained(reasons: Sequence[str]) -> str:
    """Return reasons as the value of one tag."""
    return "; ".join(reasons) or "every check passed"


def _version(found: Any) -> Version:
    """Return MLflow's version as ours."""
    run_id, tags = str(found.run_id or ""), dict(found.tags)
    return Version(str(found.version), str(found.source), run_id, tags, int(found.creation_timestamp))


def _tags(decision: Decision) -> dict[str, str]:
    """Return what a decision says as tags."""
    return {
        OUTCOME: decision.outcome,
        FROM: decision.before or NOBODY,
        TO: decision.after or NOBODY,
        WHO: decision.who,
        WHY: decision.why,
        EVIDENCE: decision.evidence_sha256 or NOBODY,
        POLICY: decision.policy_sha256 or NOBODY,
        PACKAGE: decision.package_sha256 or NOBODY,
        FORCED: "yes" if decision.is_forced else "no",
    }


def _decision(run: Any) -> Decision:
    """Return a decision from its run."""
    tags = run.data.tags
    return Decision(
        outcome=tags[OUTCOME],
        before=tags[FROM].removesuffix(NOBODY),
        after=tags[TO].removesuffix(NOBODY),
        who=tags[WHO],
        why=tags[WHY],
        evidence_sha256=tags[EVIDENCE].removesuffix(NOBODY),
        policy_sha256=tags[POLICY].removesuffix(NOBODY),
        run_id=run.info.run_id,
        is_done=tags.get(DONE) == "yes",
        started=int(run.info.start_time),
        package_sha256=tags.get(PACKAGE, "").removesuffix(NOBODY),
        is_forced=tags.get(FORCED) == "yes",
    )
