"""Proof of origin for gateways that can sign nothing: a secret that ends our address, and where the call comes from.

What surprises: the secret is part of an address, so it may hold nothing an address would have to escape, and it must
be kept out of access logs like any other. An allow-list alone proves little behind a proxy: what it is compared with is
the address the web server saw.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import urlsplit

from channels.channel import Forged
from channels.variables import Variables, is_loopback

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK: Final[tuple[Network, ...]] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
_FITS_AN_ADDRESS = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def check_secret_in_path(url: str, secrets: Iterable[str]) -> None:
    """Return when the path ends with one of these secrets (``/delivery`` after it aside); raise Forged otherwise."""
    given = urlsplit(url).path.removesuffix("/").removesuffix("/delivery").rpartition("/")[2]
    genuine = False
    for secret in secrets:
        genuine |= hmac.compare_digest(secret.encode(), given.encode("utf-8", "replace"))
    if not genuine:
        raise Forged("no secret in the path, or a wrong one")


def check_caller(remote_address: str, networks: Iterable[Network]) -> None:
    """Return when the caller's address is in one of these networks; raise Forged otherwise."""
    try:
        address = ipaddress.ip_address(remote_address.partition("%")[0])
    except ValueError as fault:
        raise Forged("caller unknown") from fault
    plain = getattr(address, "ipv4_mapped", None) or address
    if not any(plain in network for network in networks):
        raise Forged("caller not on the list")


def read_networks(entries: Iterable[str]) -> tuple[Network, ...] | None:
    """Networks from ``10.1.2.0/24`` or single addresses; None when one of them is neither."""
    try:
        return tuple(ipaddress.ip_network(entry, strict=False) for entry in entries)
    except ValueError:
        return None


def fits_an_address(secrets: Sequence[str]) -> bool:
    """Whether these secrets can stand in a path as they are."""
    return all(_FITS_AN_ADDRESS.fullmatch(secret) for secret in secrets)


def read_path_secrets(variables: Variables, name: str) -> tuple[str, ...]:
    """The secrets of a hook address: the first is the one we give out, all are accepted. Notes faults."""
    secrets = variables.secrets(name, required=True)
    if not fits_an_address(secrets):
        variables.fault(name, "may hold letters, digits, - and _ only: it stands in an address")
    return secrets


def may_carry_secrets(scheme: str, host: str) -> bool:
    """Whether a password may go to this address: https anywhere, http only on this machine or in a private network."""
    if scheme == "https":
        return True
    if scheme != "http":
        return False
    try:
        return is_loopback(host) or ipaddress.ip_address(host.strip("[]")).is_private
    except ValueError:
        return False
