"""`retune source`: names where the documents come from, without losing what was put into data/."""

from __future__ import annotations

import argparse
from pathlib import Path

from flows import environment
from flows.plan import LOCK
from retune.io import dvc, source
from retune.io.locks import exclusive


def main(given: argparse.Namespace) -> int:
    """Change data.dvc and bring data/ in line with it."""
    root = Path.cwd()
    environment.prepare(root, quiet=True)
    with exclusive(root / LOCK, wait=False):
        dvc.heal(root)
        source.choose(root, given.location, say=lambda _line: None)
    files = len(source.listing(root / source.FOLDER))
    print(f"{source.FOLDER}/ has {files} files, and {given.location} is their source. Next: make pipeline")
    return 0
