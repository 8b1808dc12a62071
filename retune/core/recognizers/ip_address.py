"""IP addresses of hosts; loopback, unspecified and broadcast addresses, masks, networks and versions are nobody's."""

from __future__ import annotations

import re
from functools import partial
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from retune.core.spans import Pattern, Span, stands_alone

ENTITY_TYPE = "IP_ADDRESS"
CRITICAL = False

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_FOUR = Pattern(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_SIX = Pattern(r"(?i)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8}(?:(?:\.[0-9]{1,3}){3})?")
_VERSION = re.compile(r"(?i)\bv$|\b(?:version|release|build|gem|package)\b|[~<>=]=|~>")
_LOOK_BACK = 50  # characters


def find(text: str) -> list[Span]:
    """Return the addresses of both versions."""
    four = [span for span in _FOUR.spans(text) if _is_host(text, span)]
    return four + [span for span in map(partial(_without_colons, text), _SIX.spans(text)) if _is_ipv6_host(text, span)]


def normalise(value: str) -> str:
    """Return the address in its shortest form."""
    return str(IPv6Address(value) if ":" in value else IPv4Address(value))


def _is_host(text: str, span: Span) -> bool:
    """Tell whether the range is an IPv4 address that can be a host's."""
    start, end = span
    value = text[start:end]
    address = IPv4Address(value)
    is_network = value.endswith(".0") and text[end : end + 1] == "/"
    if is_network or address.is_loopback or value.startswith(("0.", "255.")):
        return False
    before = text[max(start - _LOOK_BACK, 0) : start].rpartition("\n")[2]
    return stands_alone(text, span, glue="-", joints=".") and not _VERSION.search(before)


def _without_colons(text: str, span: Span) -> Span:
    """Return the range without a single colon at its ends, which belongs to the sentence."""
    start, end = span
    value = text[start:end]
    start += value.startswith(":") and not value.startswith("::")
    return Span(start, end - (value.endswith(":") and not value.endswith("::")))


def _is_ipv6_host(text: str, span: Span) -> bool:
    """Tell whether the range is an IPv6 address that can be a host's, not a piece of code such as `a::b`."""
    start, end = span
    value = text[start:end]
    if sum(group != "" for group in value.split(":")) < 3 or not any(map(str.isdigit, value)):
        return False
    try:
        address = IPv6Address(value)
    except AddressValueError:
        return False
    is_network = value.endswith("::") and text[end : end + 1] == "/"
    return not (address.is_loopback or is_network) and stands_alone(text, span, glue="-", joints=".:")
