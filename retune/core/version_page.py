"""The page of a version: how it stands, the figures, the pictures, and then everything in full; one HTML file."""

from __future__ import annotations

from retune.core import report as html
from retune.core import version_tables as tables
from retune.core.model_card import limits
from retune.core.version_cards import cards
from retune.core.version_facts import VersionFacts
from retune.core.version_style import STYLE
from retune.core.version_tiles import tiles
from retune.core.version_verdict import verdict


def page(facts: VersionFacts) -> str:
    """Return the page; no text of a document stands in it, and nothing is loaded from elsewhere."""
    sections = [
        verdict(facts),
        tiles(facts),
        cards(facts),
        tables.decision(facts),
        tables.errors(facts),
        tables.scores(facts),
        tables.limits(limits(facts)),
        tables.gates(facts),
        tables.cost(facts),
        tables.origin(facts),
    ]
    return html.page(f"{facts.model}, version {facts.version}", sections, subtitle=subtitle(facts), style=STYLE)


def subtitle(facts: VersionFacts) -> str:
    """Return what it is, from what, and of when this page is."""
    settings = facts.settings
    parts = [settings[key] for key in ("task_type", "family", "method") if settings.get(key)]
    kind = ", ".join(str(part).replace("_", " ") for part in parts)
    base = f" on {facts.base['id']} ({facts.base.get('licence') or 'licence unknown'})" if facts.base.get("id") else ""
    aliases = f" · alias {', '.join(sorted(facts.aliases))}" if facts.aliases else ""
    told = [
        f"{kind}{base}{aliases}".strip(),
        f"registered {facts.made}" if facts.made else "",
        f"as of {facts.as_of} UTC",
    ]
    return " · ".join(part for part in told if part)
