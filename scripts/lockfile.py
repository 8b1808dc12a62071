"""What is read from and changed in the text of requirements.lock."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

CUDA_PACKAGE = re.compile(r"(cuda|nvidia)-|triton==")


def blocks(lock: str) -> list[list[str]]:
    """Split a lock into its packages: the pin and the lines that belong to it."""
    found: list[list[str]] = []
    for line in lock.splitlines():
        if re.match(r"[a-z0-9]", line):
            found.append([])
        if found:
            found[-1].append(line)
    return found


def names(lock: str) -> list[str]:
    """Return the names of the packages in a lock."""
    return [block[0].split("==")[0] for block in blocks(lock)]


def block_of(name: str, lock: str) -> list[str]:
    """Return the lines of one package."""
    return next(block for block in blocks(lock) if block[0].startswith(f"{name}=="))


def pinned_version(name: str, lock: str) -> str:
    """Return the version of one package."""
    return re.split(r"[ ;\\]", block_of(name, lock)[0].partition("==")[2])[0]


def for_cpu(lock: str, torch: str) -> str:
    """Pin the CPU build of torch (2.13.0+cpu), and leave out what only a CUDA build needs.

    uv looks up hashes by the exact version: under the pin of 2.13.0 it would find none for 2.13.0+cpu.
    """
    kept = [block for block in blocks(lock) if not CUDA_PACKAGE.match(block[0])]
    text = "\n".join(line for block in kept for line in block) + "\n"
    return text.replace(f"\ntorch=={pinned_version('torch', lock)} ", f"\ntorch=={torch} ")


def cpu_wheels(folder: str) -> list[Path]:
    """Find the CPU builds of torch in a folder of wheels; a page on the web holds none that we can hash."""
    path = Path(folder.removeprefix("file://"))
    return sorted(path.glob("torch-*+cpu-*.whl")) if folder and path.is_dir() else []


def with_torch_hashes(lock: str, old: str, wheels: list[Path]) -> str:
    """Add to torch the hashes that the registry does not know: of wheels at hand, and those known before."""
    version = pinned_version("torch", lock)
    hashes = {sha256(wheel) for wheel in wheels if wheel.name.startswith(f"torch-{version}+")}
    if "\ntorch==" in old and pinned_version("torch", old) == version:
        hashes |= set(re.findall(r"sha256:([0-9a-f]{64})", "\n".join(block_of("torch", old))))
    block = block_of("torch", lock)
    hashes |= set(re.findall(r"sha256:([0-9a-f]{64})", "\n".join(block)))
    comments = [line for line in block if line.lstrip().startswith("#")]
    pins = [block[0], *(f"    --hash=sha256:{value} \\" for value in sorted(hashes))]
    pins[-1] = pins[-1].removesuffix(" \\")
    return lock.replace("\n".join(block), "\n".join([*pins, *comments]))


def sha256(path: Path) -> str:
    """Return the hash of a file as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
