"""Recipes: what is special to a way of tuning, put over what all models share, as text, so that comments stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from retune.core.errors import UserError

INDENT = 2
MODELS = re.compile(r"^models:.*\n(?:(?:[ #].*)?\n)*", re.MULTILINE)


@dataclass
class Node:
    """A line of a YAML file in blocks: its key, the comments above it, and the lines that it holds."""

    line: str
    above: list[str] = field(default_factory=list)
    inner: dict[str, Node] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """Yield the line with all that belongs to it."""
        yield from [*self.above, self.line]
        for node in self.inner.values():
            yield from node.lines()


def title(recipe: str) -> str:
    """Return what a recipe is for: its first line."""
    return recipe.partition("\n")[0].removeprefix("#").strip()


def section(name: str, recipe: str, common: str) -> str:
    """Return a model's whole section of params.yaml: the recipe, and of what all share the rest."""
    head = [line for line in recipe.split("\n") if line.startswith("#")]
    lines = [*head, f"{name}:"]
    lines += [f"{' ' * INDENT}{line}" for node in merged(read(recipe), read(common)).values() for line in node.lines()]
    return "".join(f"{' ' * INDENT}{line}\n" for line in lines)


def inserted(params: str, made: str) -> str:
    """Return params.yaml with one more section at the end of its models; UserError where it has no `models`."""
    found = MODELS.search(params)
    if found is None:
        todo = "Take params.yaml of the template."
        raise UserError(expected="models: in params.yaml", found="none", todo=todo)
    block = found[0].rstrip("\n")
    return f"{params[: found.start()]}{block}\n\n{made}\n{params[found.end() :]}"


def read(text: str) -> dict[str, Node]:
    """Return the blocks of a recipe; comments before its first line are its head, and belong to none."""
    top: dict[str, Node] = {}
    path: list[dict[str, Node]] = [top]
    above: list[str] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.lstrip().startswith("#"):
            above.append(line)
            continue
        depth = (len(line) - len(line.lstrip())) // INDENT
        node, above = Node(line, above), []
        path[depth][line.strip().partition(":")[0]] = node
        path[depth + 1 :] = [node.inner]
    return top


def merged(own: dict[str, Node], common: dict[str, Node]) -> dict[str, Node]:
    """Return the blocks of both: what is in both is the recipe's own, and what only one has stays."""
    found = {name: node for name, node in own.items() if name not in common}
    for name, node in common.items():
        mine = own.get(name)
        if mine is None or not mine.inner:
            found[name] = mine or node
        else:
            found[name] = Node(node.line, node.above, merged(mine.inner, node.inner))
    return found
