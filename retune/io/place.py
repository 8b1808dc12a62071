"""Where a model and all that it came from lie in a checkout, and the fingerprint that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from retune.core.errors import UserError
from retune.core.fingerprint import fingerprint, sha256_of
from retune.core.packages import reached
from retune.io import lockfile
from retune.io.files import read_json

LAST_RUN = Path(".retune/last_run.json")  # the report of the last execution here
PACKAGES = "requirements.lock"


@dataclass(frozen=True)
class Place:
    """One model in one checkout."""

    root: Path
    name: str

    @property
    def corpus(self) -> Path:
        """Return the folder of the stages that all models share."""
        return self.root / "artifacts" / "corpus"

    @property
    def model(self) -> Path:
        """Return the folder of the model's own stages."""
        return self.root / "artifacts" / "models" / self.name

    @property
    def base(self) -> Path:
        """Return the file that pins the model's base."""
        return self.model / "resolve" / "base.json"

    def entry(self, step: str) -> lockfile.Entry:
        """Return what dvc.lock records of one of the model's stages."""
        return lockfile.recorded(self.root, f"{step}@{self.name}")

    def trained(self) -> str:
        """Return the fingerprint of the training that dvc.lock records."""
        return self._fingerprint(self.entry("train"))

    def to_be_trained(self) -> str:
        """Return the fingerprint of the training that the stage would be if it ran now."""
        return self._fingerprint(lockfile.planned(self.root, f"train@{self.name}"))

    def _fingerprint(self, entry: lockfile.Entry) -> str:
        """Return the fingerprint of an entry over the pinned base and the locked packages that training reaches."""
        if not self.base.exists():
            todo = "Run `make pipeline`: it pins the base first."
            raise UserError(expected=f"the pinned base of {self.name}", found=f"no {self.base}", todo=todo)
        packages = self.root / PACKAGES
        return fingerprint(
            entry,
            weights_sha256=read_json(self.base)["weights_sha256"],
            packages_sha256=sha256_of(reached(packages.read_text(encoding="utf-8"))) if packages.exists() else "",
        )
