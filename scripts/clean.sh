#!/bin/sh
# Removes what `make` can make again, and says what it removed and what it kept.
set -eu
cd "$(dirname "$0")/.."

remove() {
    for path in "$@"; do
        [ -e "$path" ] || continue
        echo "removed $path ($(du -sh "$path" | cut -f 1))"
        # Some of it is read-only, as DVC leaves its links.
        chmod -R u+w "$path" 2>/dev/null || true
        rm -rf "$path"
    done
}

keep() {
    for path in "$@"; do
        [ -e "$path" ] && echo "kept    $path" || true
    done
}

remove artifacts .retune/cache build dist ./*.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
keep .venv data data.dvc collected collected.dvc tombstones.csv receipts dvc.lock .dvc/cache .dvc-remote mlflow.db mlartifacts .prefect
