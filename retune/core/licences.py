"""Under which licence a base may be used, as its card, its licence file or its settings say; and which is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import yaml

FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n---\s*(\n|\Z)", re.DOTALL)
NO_NAME = "(neither the name|name of the author may not be used)"  # the third clause
# The words with which the text of a licence begins to be one, in lower case with single blanks. Where several are
# found, the first in the text counts: many licences name others further down.
TEXTS = {
    "apache-2.0": r"apache license,? version 2\.0",
    "mit": r"permission is hereby granted, free of charge, to any person obtaining a copy",
    "isc": r"permission to use, copy, modify,? and/?(or)? distribute this software for any purpose with or without fee",
    "bsd-3-clause": rf"redistribution and use in source and binary forms(?=.*{NO_NAME})",
    "bsd-2-clause": rf"redistribution and use in source and binary forms(?!.*{NO_NAME})",
    "gpl-2.0": r"gnu general public license version 2",
    "gpl-3.0": r"gnu general public license version 3",
    "lgpl-2.1": r"gnu lesser general public license version 2\.1",
    "lgpl-3.0": r"gnu lesser general public license version 3",
    "agpl-3.0": r"gnu affero general public license version 3",
    "mpl-2.0": r"mozilla public license,? version 2\.0",
    "unlicense": r"this is free and unencumbered software released into the public domain",
    "cc0-1.0": r"cc0 1\.0 universal",
    "cc-by-4.0": r"(creative commons )?attribution 4\.0 international",
    "cc-by-sa-4.0": r"(creative commons )?attribution-sharealike 4\.0 international",
    "cc-by-nc-4.0": r"(creative commons )?attribution-noncommercial 4\.0 international",
    "cc-by-nc-sa-4.0": r"(creative commons )?attribution-noncommercial-sharealike 4\.0 international",
    "llama2": r"llama 2 community license",
    "llama3": r"llama 3 community license",
    "llama3.1": r"llama 3\.1 community license",
    "llama3.2": r"llama 3\.2 community license",
    "llama3.3": r"llama 3\.3 community license",
    "gemma": r"gemma terms of use",
}


def of_card(text: str) -> list[str]:
    """Return the licences that the front matter of a model card names; none where it has none or is no YAML."""
    matter = FRONT_MATTER.match(text)
    try:
        value = yaml.safe_load(matter[1]) if matter else None
    except yaml.YAMLError:
        return []
    if not isinstance(value, dict):
        return []
    named = value.get("license_name") if value.get("license") == "other" else None
    return of_settings({"license": named or value.get("license")})


def of_text(text: str) -> list[str]:
    """Return the licence whose text this is; none where it is not known."""
    plain = re.sub(r"\s+", " ", text.lower())
    found = {name: match.start() for name, form in TEXTS.items() if (match := re.search(form, plain))}
    return [min(found, key=lambda name: found[name])] if found else []


def of_settings(value: dict[str, Any]) -> list[str]:
    """Return the licences under the key `license` of a model's settings."""
    given = value.get("license")
    names = given if isinstance(given, list) else [given]
    return [str(name).strip().lower() for name in names if name]


def joined(names: Iterable[str]) -> str:
    """Return licences in the words of the record, all of which hold: `apache-2.0, mit`; empty for none."""
    return ", ".join(dict.fromkeys(names))


def refused(licence: str, allowed: Sequence[str]) -> list[str]:
    """Return which of a base's licences are not among those allowed, where any are named; an unknown one is not."""
    if not allowed:
        return []
    known = {name.lower() for name in allowed}
    return [name for name in licence.split(", ") if name not in known]
