#!/bin/sh
# Makes the environment .venv ready: at once where nothing changed. Arguments go to scripts/install.py.
set -eu
cd "$(dirname "$0")/.."
if [ $# -eq 0 ] && .venv/bin/python -ESs -m scripts.install --ready 2>/dev/null; then
    exit 0
fi
python=$(sh scripts/find-python.sh)
exec "$python" -Es -m scripts.install "$@"
