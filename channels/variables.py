"""Reading a channel's settings: every fault is noted, none is raised until all are known.

A fault names the variable and what is wrong with it, never its value: settings hold secrets.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from channels.channel import Misconfigured

SHORTEST_SECRET_CHARACTERS = 16


class Variables:
    """Some variables of the environment and what is wrong with them."""

    def __init__(self, environ: Mapping[str, str], *names: str) -> None:
        self._values = {name: environ.get(name, "").strip() for name in names}
        self._faults: list[str] = []

    def any_set(self) -> bool:
        return any(self._values.values())

    def fault(self, name: str, what: str) -> None:
        self._faults.append(f"{name} {what}")

    def raise_faults(self) -> None:
        """Raise Misconfigured when anything was wrong."""
        if self._faults:
            raise Misconfigured(self._faults)

    def text(self, name: str, *, required: bool = False) -> str:
        value = self._values[name]
        if required and not value:
            self.fault(name, "is missing")
        return value

    def listed(self, name: str, *, required: bool = False) -> tuple[str, ...]:
        """A comma-separated list, in order, blanks left out."""
        value = self.text(name, required=required)
        entries = tuple(entry.strip() for entry in value.split(",") if entry.strip())
        if value and not entries:
            self.fault(name, "lists nothing")
        return entries

    def secrets(self, name: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of secrets of our own making: the first is used, all are accepted (so that they can be rotated)."""
        entries = self.listed(name, required=required)
        if any(len(entry) < SHORTEST_SECRET_CHARACTERS for entry in entries):
            self.fault(name, f"holds a secret shorter than {SHORTEST_SECRET_CHARACTERS} characters")
        return entries


def split_url(url: str) -> SplitResult | None:
    """The parts of an address with a host, or None when it is not one (a bad port included)."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.hostname else None


def is_loopback(host: str) -> bool:
    """Whether this host name or literal address is this very machine. Resolves nothing."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
