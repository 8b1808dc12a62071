"""The code is committed: what is not cannot be checked out again to reproduce a version."""

from __future__ import annotations

import subprocess
from pathlib import Path

from retune.core.checkup import Finding, Look

QUICK = False


def examine(look: Look) -> list[Finding]:
    """Ask git for changes to tracked files."""
    if not (Path(look.root) / ".git").exists():
        return [
            Finding("warning", "no git repository: versions can be reproduced only while this tree stands", "git init")
        ]
    command = ["git", "status", "--porcelain", "--untracked-files=no"]
    ended = subprocess.run(command, cwd=look.root, check=False, capture_output=True, text=True)
    changed = ended.stdout.splitlines()
    if ended.returncode != 0:
        return [Finding("warning", f"git does not answer: {ended.stderr.strip()[:200]}")]
    if changed:
        todo = "Commit them before a run whose version is to be reproduced."
        return [Finding("warning", f"{len(changed)} tracked files differ from the last commit", todo)]
    return [Finding("well", "as committed")]
