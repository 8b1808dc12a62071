"""The ways in: what a fresh clone can do, and what is installed into it."""

import hashlib
import os
import re
import socket
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scripts import install
from scripts.lockfile import block_of, blocks, for_cpu, names, pinned_version, with_torch_hashes
from scripts.registry import uv_settings

ROOT = Path(__file__).resolve().parent.parent
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
# torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl
CPU_WHEEL_SHA256 = "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"


def test_a_test_cannot_reach_the_network() -> None:
    with socket.socket() as client, pytest.raises(RuntimeError, match="loopback only"):
        client.connect(("192.0.2.1", 80))


def test_every_dependency_is_locked_within_its_bounds() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [Requirement(text) for text in settings["project"]["dependencies"] + settings["dependency-groups"]["dev"]]
    outside = [str(need) for need in wanted if pinned_version(need.name.lower(), LOCK) not in need.specifier]
    assert outside == []


def test_every_locked_package_has_a_hash_and_torch_has_both() -> None:
    assert [block[0] for block in blocks(LOCK) if "--hash=sha256:" not in "".join(block)] == []
    torch = block_of("torch", LOCK)
    assert f"    --hash=sha256:{CPU_WHEEL_SHA256} \\" in torch
    assert sum("--hash" in line for line in torch) > 1


def test_the_lock_names_no_registry_and_no_folder() -> None:
    assert not re.search(r"://|file:|^--|(?<=\s)/", LOCK, re.MULTILINE)


def test_a_cpu_build_needs_no_cuda_package() -> None:
    left_out = set(names(LOCK)) - set(names(for_cpu(LOCK, "2.13.0+cpu")))
    assert {"triton", "nvidia-cublas", "cuda-toolkit"} <= left_out
    assert all(name.startswith(("nvidia-", "cuda-")) for name in left_out - {"triton"})


def test_only_a_cpu_wheel_that_the_lock_knows_is_installed(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "torch", "2.13.0+cpu", "known = True\n")
    requirements = tmp_path / "requirements.txt"
    known = hashlib.sha256(wheel.read_bytes()).hexdigest()
    hashes = f"--hash=sha256:{'0' * 64} \\\n    --hash=sha256:{known}"
    lock = f"six==1.0 \\\n    --hash=sha256:00\ntorch==2.13.0 \\\n    {hashes}\n"
    requirements.write_text(block_text("torch", for_cpu(lock, "2.13.0+cpu")), encoding="utf-8")
    assert uv_install(tmp_path, requirements).returncode == 0
    write_wheel(tmp_path, "torch", "2.13.0+cpu", "known = False\n")
    refused = uv_install(tmp_path, requirements)
    assert refused.returncode != 0
    assert "Hash mismatch" in refused.stderr


def test_locking_again_keeps_the_hash_of_a_cpu_wheel_and_adds_that_of_another(tmp_path: Path) -> None:
    fresh = "torch==2.13.0 \\\n    --hash=sha256:" + "a" * 64 + "\n    # via retune\nzipp==1 \\\n    --hash=sha256:00\n"
    wheel = write_wheel(tmp_path, "torch", "2.13.0+cpu", "")
    renewed = with_torch_hashes(fresh, "six==1\n" + fresh.replace("a" * 64, "b" * 64), [wheel])
    hashes = re.findall(r"sha256:(\w{64})", renewed)
    assert hashes == sorted(["a" * 64, "b" * 64, hashlib.sha256(wheel.read_bytes()).hexdigest()])
    assert renewed.count("\\\n") == 4, "every hash but the last of a package goes on in the next line"


def test_uv_asks_the_registry_that_pip_was_given() -> None:
    told = {
        "index-url": ["https://a/simple"],
        "find-links": ["/w", "/x"],
        "extra-index-url": ["https://b", "https://c"],
    }
    assert uv_settings(told, {"UV_DEFAULT_INDEX": "https://mine"}) == {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_FIND_LINKS": "/w,/x",
        "UV_INDEX": "https://b https://c",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


@pytest.mark.parametrize(
    ("wheel_for", "chosen"), [("cp311", "python3.11"), ("cp313", "python3.13"), (None, "python3.12")]
)
def test_the_python_for_which_a_cpu_wheel_lies_ready_is_taken(
    tmp_path: Path, wheel_for: str | None, chosen: str
) -> None:
    for version in ("3.11", "3.12", "3.13"):
        fake = tmp_path / f"python{version}"
        fake.write_text(f'#!/bin/sh\ncase "$*" in *"\'{version}\'"*) exit 0;; esac\nexit 1\n', encoding="utf-8")
        fake.chmod(0o755)
    if wheel_for:
        name = f"torch-2.13.0+cpu-{wheel_for}-{wheel_for}-manylinux_2_28_{os.uname().machine}.whl"
        (tmp_path / name).touch()
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (tmp_path / "python3").chmod(0o755)
    found = find_python(PATH=f"{tmp_path}:/usr/bin:/bin", PIP_FIND_LINKS=str(tmp_path), PIP_CONFIG_FILE=os.devnull)
    assert found.stdout.strip() == str(tmp_path / chosen)


def test_a_python_that_cannot_be_used_is_named() -> None:
    refused = find_python(PATH=os.environ["PATH"], PYTHON="/nowhere/python2")
    assert refused.returncode == 2
    assert "/nowhere/python2 is not a complete Python 3.11, 3.12 or 3.13" in refused.stderr


def test_an_environment_is_ready_until_the_lock_changes_or_a_set_up_was_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "MARKER", tmp_path / "marker")
    monkeypatch.setattr(install, "LOCK", tmp_path / "lock")
    (tmp_path / "lock").write_text("a==1\n", encoding="utf-8")
    (tmp_path / "marker").write_text(install.digest("3.12"), encoding="utf-8")
    assert install.is_ready("3.12")
    assert not install.is_ready("3.13")
    (tmp_path / "lock").write_text("a==2\n", encoding="utf-8")
    assert not install.is_ready("3.12")
    (tmp_path / "marker").write_text(install.STARTED, encoding="utf-8")
    assert not install.is_ready("3.12")


@pytest.mark.slow
def test_an_environment_left_half_made_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy = write_wheel(tmp_path, "uv", "0.1", "")
    lock = f"uv==0.1 \\\n    --hash=sha256:{hashlib.sha256(toy.read_bytes()).hexdigest()}\n"
    (tmp_path / "lock").write_text(lock, encoding="utf-8")
    venv = tmp_path / ".venv"
    monkeypatch.setattr(install, "VENV", venv)
    monkeypatch.setattr(install, "PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(install, "MARKER", venv / "marker")
    monkeypatch.setattr(install, "LOCK", tmp_path / "lock")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    venv.mkdir()
    (venv / "marker").write_text(install.STARTED, encoding="utf-8")
    (venv / "half-unpacked").touch()
    with (tmp_path / "log").open("w", encoding="utf-8") as log:
        install.prepare(install.Setup(log, log.fileno()))
    assert not (venv / "half-unpacked").exists()
    assert list(venv.glob("lib/*/site-packages/uv.py"))
    assert (venv / "marker").read_text(encoding="utf-8") == install.STARTED, "the packages are still to come"


def test_help_names_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split()
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert sorted(re.findall(r"^  make (\S+) +\S", shown, re.MULTILINE)) == sorted(targets)


def find_python(**environment: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(ROOT / "scripts" / "find-python.sh")]
    return subprocess.run(command, env={"HOME": "/nowhere", **environment}, capture_output=True, text=True, check=False)


def block_text(name: str, lock: str) -> str:
    return "\n".join(block_of(name, lock)) + "\n"


def uv_install(folder: Path, requirements: Path) -> subprocess.CompletedProcess[str]:
    options = ["--no-index", "--find-links", str(folder), "--require-hashes", "--no-deps", "--no-cache", "--reinstall"]
    uv = [str(Path(sys.executable).parent / "uv"), "pip", "install", "--target", str(folder / "site")]
    return subprocess.run([*uv, *options, "-r", str(requirements)], capture_output=True, text=True, check=False)


def write_wheel(folder: Path, name: str, version: str, code: str) -> Path:
    """Build the smallest wheel that installs: one module."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", code)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: toy\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return path
