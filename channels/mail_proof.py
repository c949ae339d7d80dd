"""Whether a letter really comes from whom it says: what a trusted host found out (RFC 8601), or what we check (RFC 6376).

``proven`` means that the domain in From answers for the letter: DMARC passed, or DKIM or SPF passed for a domain that
agrees with the one in From (RFC 7489, 3.1, relaxed). Nobody needs that to report; a change to a case by mail does.
``forged`` means that the domain has asked to distrust the letter: DMARC failed at a host we trust.

What surprises:

* Anybody can write ``Authentication-Results`` into a letter. Only lines of a host named by us count, and of these only
  the topmost group, up to the next ``Received``: what a sender wrote stands below the lines of our own host. That host
  must remove lines that bear its own name when they come from outside (RFC 8601, 5); every usual one does.
* SPF cannot be checked after the fact: what is checked here, without a trusted host, is DKIM alone.
* Nothing here waits long for DNS, and no answer is no proof.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Final, Literal

Lookup = Callable[..., bytes | None]

_MOST_CHARACTERS: Final = 10_000
_MOST_SIGNATURES: Final = 3
_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"^\s*(?P<method>[a-z][a-z0-9-]*)(?:/[0-9]+)?\s*=\s*(?P<result>[a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"(?P<name>[a-z]+\.[a-z-]+)\s*=\s*\"?(?P<value>[^\s;\"]+)", re.IGNORECASE)
_TAG_D = re.compile(r"(?:^|;)\s*d\s*=\s*([^;\s]+)")
# Second-level names under which others register: what stands in front of these is the organisation.
_SHARED: Final = frozenset(
    {"co", "ac", "go", "or", "net", "web", "sch", "mil", "desa", "biz", "my", "com", "org", "gov", "edu"} | {"ponpes"}
)


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known about a letter's origin. ``source``: "host", "checked" or "none"."""

    source: Literal["host", "checked", "none"] = "none"
    spf: str = "none"
    dkim: str = "none"
    dmarc: str = "none"
    proven: bool = False
    forged: bool = False
    domains: tuple[str, ...] = field(default=())

    def as_extra(self) -> Mapping[str, object]:
        return {
            "source": self.source,
            "spf": self.spf,
            "dkim": self.dkim,
            "dmarc": self.dmarc,
            "domains": list(self.domains),
        }


def organisation_of(domain: str) -> str:
    """The domain somebody registered: ``kominfo.go.id`` of ``mail.kominfo.go.id``. A cautious approximation."""
    labels = domain.lower().rstrip(".").split(".")
    keep = 3 if len(labels) > 2 and labels[-2] in _SHARED and len(labels[-1]) == 2 else 2
    return ".".join(labels[-keep:])


def agrees(domain: str, author_domain: str) -> bool:
    """Whether a domain that was proven speaks for the one in From (relaxed alignment)."""
    if not domain or not author_domain:
        return False
    labels = domain.lower().rstrip(".").split(".")
    if len(labels) < 2 or (len(labels) == 2 and labels[0] in _SHARED and len(labels[1]) == 2):
        return False
    return organisation_of(domain) == organisation_of(author_domain)


def believe_host(message: Message, *, author: str, hosts: Collection[str]) -> Proof | None:
    """What a trusted host wrote on top of the letter; None when none of them wrote anything. Never raises."""
    author_domain = author.rpartition("@")[2].lower()
    lines = _trusted_lines(message, hosts)
    if not lines:
        return None
    best = {"spf": "none", "dkim": "none", "dmarc": "none"}
    domains: list[str] = []
    for line in lines:
        for statement in line.split(";")[1:]:
            found = _RESULT.match(statement)
            if found is None or found["method"].lower() not in best:
                continue
            method, result = found["method"].lower(), found["result"].lower()
            if best[method] != "pass":
                best[method] = result
            if result == "pass":
                domains += _domains_of(method, statement)
    aligned = any(agrees(domain, author_domain) for domain in domains)
    dmarc_passed = best["dmarc"] == "pass"
    return Proof(
        "host",
        best["spf"],
        best["dkim"],
        best["dmarc"],
        proven=best["dmarc"] != "fail" and bool(author_domain) and (dmarc_passed or aligned),
        forged=best["dmarc"] == "fail",
        domains=tuple(dict.fromkeys(domains))[:5],
    )


def _trusted_lines(message: Message, hosts: Collection[str]) -> list[str]:
    lines: list[str] = []
    for name, value in message.raw_items():
        if name.lower() == "received" and lines:
            break
        if name.lower() != "authentication-results":
            continue
        line = _COMMENT.sub(" ", " ".join(str(value)[:_MOST_CHARACTERS].split()))
        words = line.partition(";")[0].split()
        if words and words[0].lower() in hosts:
            lines.append(line)
    return lines


def _domains_of(method: str, statement: str) -> list[str]:
    wanted = {"spf": {"smtp.mailfrom"}, "dkim": {"header.d", "header.i"}, "dmarc": set()}[method]
    found = [
        m["value"].lower().rpartition("@")[2] for m in _PROPERTY.finditer(statement) if m["name"].lower() in wanted
    ]
    return [domain for domain in found if domain]


def check_dkim(raw: bytes, *, author: str, lookup: Lookup) -> Proof:
    """Check the letter's DKIM signatures ourselves; ``lookup`` asks DNS for a TXT record. Never raises."""
    import dkim  # takes a while to import, and is needed only where no host checks for us

    try:
        verifier = dkim.DKIM(raw, timeout=3)
        signatures = [value for name, value in verifier.headers if name.lower() == b"dkim-signature"][:_MOST_SIGNATURES]
    except Exception:  # noqa: BLE001 - whatever a letter does to the library, it proves nothing
        return Proof("checked", dkim="permerror")
    result, domains = ("fail" if signatures else "none"), []
    for number, value in enumerate(signatures):
        try:
            if not verifier.verify(idx=number, dnsfunc=lookup):
                continue
        except dkim.ValidationError:
            continue  # signed, but not this
        except Exception:  # noqa: BLE001 - as above; no answer of DNS ends here as well
            result = result if result == "pass" else "temperror"
            continue
        result = "pass"
        named = _TAG_D.search(value.decode("ascii", "replace"))
        domains += [named[1].lower()] if named else []
    author_domain = author.rpartition("@")[2].lower()
    proven = any(agrees(domain, author_domain) for domain in domains)
    return Proof("checked", dkim=result, proven=proven, domains=tuple(dict.fromkeys(domains))[:5])
