#!/bin/sh
# Prints the interpreter that the environment is made with: one of Python 3.11 to 3.13 that can make a venv.
# First those for which a CPU build of torch is at hand, since every other one downloads 2.7 GB of CUDA on Linux.
set -eu

# The folders in which pip was told to look for wheels, by the environment or by its configuration.
wheel_folders() {
    printf '%s\n' ${PIP_FIND_LINKS:-}
    for name in python3 python3.13 python3.12 python3.11; do
        "$name" -m pip config list 2>/dev/null | sed -n "s/^[^=]*\.find-links='\(.*\)'\$/\1/p" | tr ' ' '\n' && return
    done
}

# The versions (3.11) of the CPU wheels of torch for this machine in these folders.
versions_with_wheel() {
    wheel_folders | sed 's#^file://##' | sort -u | while read -r folder; do
        [ -d "$folder" ] && find "$folder" -maxdepth 1 -name "torch-*+cpu-cp3*$(uname -m).whl"
    done | sed -n 's/.*-cp3\(1[123]\)-cp.*/3.\1/p' | sort -u
}

# Says whether an interpreter is of the version and complete: distributions like to leave out venv or sqlite3.
is_usable() {
    "$1" -I -c "import sys, ssl, sqlite3, venv, ensurepip; sys.exit('%d.%d' % sys.version_info[:2] != '$2')" >/dev/null 2>&1
}

candidates() {
    printf '%s\n' "python$1" python3 python
    ls -d "$HOME/.pyenv/versions/$1".*/bin/python "/usr/local/bin/python$1" "/opt/homebrew/bin/python$1" 2>/dev/null || true
}

if [ -n "${PYTHON:-}" ]; then
    for version in 3.12 3.13 3.11; do
        is_usable "$PYTHON" "$version" && command -v "$PYTHON" && exit
    done
    echo "retune: PYTHON=$PYTHON is not a complete Python 3.11, 3.12 or 3.13" >&2
    exit 2
fi

for version in $(versions_with_wheel) 3.12 3.13 3.11; do
    for name in $(candidates "$version"); do
        is_usable "$name" "$version" && command -v "$name" && exit
    done
done

cat >&2 <<MESSAGE
retune: expected Python 3.11, 3.12 or 3.13 with the modules venv, ensurepip, ssl and sqlite3.
retune: looked for python3.12, python3.13, python3.11, python3 and python on PATH, in ~/.pyenv/versions, /usr/local/bin
retune: and /opt/homebrew/bin; found $(python3 --version 2>/dev/null || echo no python3).
retune: Install one (Debian and Ubuntu: apt install python3.12-venv; macOS: brew install python@3.12), or name yours:
retune:     make setup PYTHON=/path/to/python3.12
MESSAGE
exit 2
