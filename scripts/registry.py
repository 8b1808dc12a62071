"""Where packages come from: what pip was told, handed on to uv."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

# uv does not read what pip was told about its registry.
UV_NAME_OF_PIP_SETTING = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
# Variables that take several values, and what stands between them.
SEPARATORS = {"UV_FIND_LINKS": ",", "UV_INDEX": " ", "UV_INSECURE_HOST": " "}


def pip_settings(python: Path) -> dict[str, list[str]]:
    """Return what pip was told by the environment and its files: setting -> values, the strongest first."""
    command = [str(python), "-m", "pip", "config", "list"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    settings: dict[str, list[str]] = {}
    for name, values in re.findall(r"^[^=\s]*\.([a-z-]+)='(.*)'$", listing, re.MULTILINE):
        known = settings.setdefault(name, [])
        known += [value for value in values.replace("\\n", " ").split() if value not in known]
    return settings


def uv_settings(settings: Mapping[str, list[str]], environment: Mapping[str, str]) -> dict[str, str]:
    """Translate pip's settings into variables of uv; what the user set for uv itself stays."""
    translated = {"UV_PYTHON_DOWNLOADS": "never"}
    for setting, variable in UV_NAME_OF_PIP_SETTING.items():
        if setting in settings and variable not in environment:
            separator = SEPARATORS.get(variable)
            values = settings[setting]
            translated[variable] = separator.join(values) if separator else values[0]
    if "UV_INDEX" in translated:
        # As pip does: the best of all registries. The hashes of the lock say which file is the right one.
        translated["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return translated
