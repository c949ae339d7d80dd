"""Who calls, for the limits of the public forms. Counted under a keyed digest; the address itself is kept nowhere.

What surprises: behind a reverse proxy every caller has the proxy's address, and one limit for everybody would lock the
whole country out. So a caller whose address is of this machine or of a private network is nobody we can count, unless
``SAHUT_CALLER_HEADER`` names the header in which our own proxy tells. And an address is not a person: behind that of a
mobile network stand thousands of phones, so limits by address are wide.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from flask import request

from intake.storage.attempts import digest_of
from intake.web.context import runtime

#: One house has this much of IPv6 (RFC 6177): counting single addresses of it would count nothing.
_IPV6_PREFIX: Final = 64


def caller() -> str | None:
    """The network a request comes from, as it is counted; None when that cannot be known."""
    settings = runtime().settings
    told = request.headers.get(settings.caller_header, "") if settings.caller_header else request.remote_addr or ""
    try:
        address = ip_address(told.strip())
    except ValueError:
        return None
    if not settings.caller_header and not address.is_global:
        return None
    if isinstance(address, IPv6Address):
        told = str(ip_network((address, _IPV6_PREFIX), strict=False))
    return digest_of(settings.secret_keys[0], told.strip())
