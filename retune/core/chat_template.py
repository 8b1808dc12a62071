"""Whether a chat template only renders: it is a program, and the sandbox in which it runs has been left before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_CHARACTERS = 200_000
GENERATION = re.compile(r"\{%-?\s*(end)?generation\s*-?%\}")  # transformers' own tag, which marks the model's turns
INTERNAL = re.compile(r"\w*__\w*|\b(func_globals|f_globals|gi_frame)\b")  # also in parts, to be joined later
HELPERS = frozenset({"self", "lipsum", "cycler", "joiner"})  # of Jinja: ways out of it
FILTERS = frozenset({"attr"})


def faults(text: str) -> list[str]:
    """Return what in a Jinja template reaches beyond the messages that it renders."""
    from jinja2 import Environment, TemplateError

    if len(text) > LARGEST_CHARACTERS:
        return [f"it has {len(text):,} characters, more than {LARGEST_CHARACTERS:,}"]
    try:
        # Only parsed, never rendered.
        tree = Environment(extensions=["jinja2.ext.loopcontrols"]).parse(GENERATION.sub("", text))  # noqa: S701
    except (TemplateError, RecursionError) as error:
        return [f"it is no template: {error}"]
    return sorted(set(_found(tree)))


def _found(tree: Any) -> Iterator[str]:
    """Yield what reaches beyond."""
    from jinja2 import nodes

    loading = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
    for node in tree.find_all((*loading, nodes.Getattr, nodes.Name, nodes.Filter, nodes.Const)):
        if isinstance(node, loading):
            yield f"it loads another template ({type(node).__name__.lower()})"
        elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            yield f"it reaches for {node.attr}"
        elif isinstance(node, nodes.Name) and (node.name in HELPERS or node.name.startswith("__")):
            yield f"it reaches for {node.name}"
        elif isinstance(node, nodes.Filter) and node.name in FILTERS:
            yield f"it reaches for attributes by the filter {node.name}"
        elif isinstance(node, nodes.Const) and isinstance(node.value, str) and (part := INTERNAL.search(node.value)):
            yield f"it reaches for {part[0]}"
