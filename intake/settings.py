"""Every variable the house reads, once, at the door. ``.env.example`` lists them; a test holds the two together.

The channels read their own variables (``channels.registry``); their faults are told together with ours.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from channels.channel import Misconfigured
from intake.domain.gateway import Gateway, read_gateways
from intake.domain.permission import ROLES

__all__ = ["Misconfigured", "Settings"]

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
#: Shorter keys can be guessed; 32 characters of hex are 128 bits.
_SHORTEST_KEY: Final = 32

#: name → what it is for; the names below are all the house itself reads.
VARIABLES: Final[dict[str, str]] = {
    "DATABASE_URL": "PostgreSQL, e.g. postgresql://sahut@db/sahut",
    "REDIS_URL": "Valkey or Redis, e.g. redis://cache:6379/0 (workers and relay only)",
    "PUBLIC_URL": "the address by which citizens and providers reach us; signatures are checked against it",
    "SAHUT_SECRET_KEYS": "secrets for links and log-ins, newest first, separated by commas",
    "SAHUT_DATA": "folder for what is kept outside the database",
    "SAHUT_FILES_URL": "where attachments lie: a folder (files in SAHUT_DATA), or s3://bucket/prefix with AWS_ variables",
    "SAHUT_CLAMAV": "a ClamAV that looks at attachments: host:port, or the path of its socket",
    "SAHUT_EMBEDDED": "1 when the servers of `sahut up` are used; set by it",
    "SAHUT_LAB": "1 shows the lab (/lab); only together with the embedded servers",
    "SAHUT_LOG_LEVEL": "debug, info, warning or error",
    "SAHUT_HOLD_SECONDS": "how long a worker may keep a promise before another takes it",
    "SAHUT_MAX_ATTEMPTS": "after so many failures a promise is parked for a person",
    "SAHUT_BATCH": "how many promises a worker takes at once",
    "SAHUT_UNCERTAIN_SECONDS": "how long to wait for a delivery receipt before an uncertain reply is sent again",
    "SAHUT_GATEWAYS": "gateways that stand in for each other, with weights and rates: sms_kannel weight=3 rate=10, ...",
    "SAHUT_GATEWAY_FAILURES": "so many failures of a gateway in a row move replies to another",
    "SAHUT_GATEWAY_FAILURE_SECONDS": "and they must come within so many seconds",
    "SAHUT_GATEWAY_PROBE_SECONDS": "after so many seconds one message sees whether a gateway is back; then twice as long",
    "SAHUT_GATEWAY_PROBES": "so many of these must succeed in a row to bring it back",
    "SAHUT_MAX_BODY_BYTES": "the largest request that is read",
    "SAHUT_CALLER_HEADER": "the header in which our own proxy tells who calls, e.g. X-Real-IP; for the limits of the form",
    "SAHUT_FORM_PER_HOUR": "how many reports one address may send by the form in an hour; 0: any number",
    "SAHUT_FORM_LEAST_SECONDS": "a form sent sooner after it was opened is asked for once more",
    "SAHUT_FORM_WORK_BITS": "zero bits of a digest the sender's machine looks for; 0: no work",
    "SAHUT_SECOND_FACTOR": "whose log-ins need a code besides the password: roles, separated by commas, or none",
    "SAHUT_SESSION_IDLE_MINUTES": "a log-in of an officer ends after so long without a click",
    "SAHUT_SESSION_HOURS": "a log-in of an officer ends after so long in any case",
    "SAHUT_SMS_PRICE": "what one SMS costs, in rupiah, shown to officers before they answer; 0: not shown",
    "SAHUT_METRICS_TOKEN": "secrets with which Prometheus may read /metrics, separated by commas; none: no such page",
    "SAHUT_CANARIES": "our own address by each channel that `sahut canary` tries: channel=address,...",
    "SAHUT_EMBEDDED_USER": "as root: the account under which the embedded PostgreSQL runs (nobody by default)",
    "LAB_FAIL_FIRST": "for trying out: the lab's gateway refuses so many messages first",
}


def _is_loopback(url: str) -> bool:
    return (urlsplit(url).hostname or "") in _LOOPBACK


def _database_is_ours(url: str) -> bool:
    """A unix socket and no host: how the embedded server, and hardly ever a production one, is addressed."""
    parts = urlsplit(url)
    return not parts.hostname and any(value.startswith("/") for value in parse_qs(parts.query).get("host", []))


@dataclass(frozen=True, slots=True)
class Settings:
    """Read by ``from_environ`` only; the defaults of the fields are the defaults of the variables."""

    database_url: str = field(repr=False)
    public_url: str
    secret_keys: tuple[str, ...] = field(repr=False)
    redis_url: str = field(default="redis://127.0.0.1:6379/0", repr=False)
    data: Path = Path("data")
    embedded: bool = False
    lab: bool = False
    log_level: str = "info"
    hold: timedelta = timedelta(seconds=60)
    max_attempts: int = 12
    batch: int = 100
    uncertain_wait: timedelta = timedelta(seconds=600)
    gateways: tuple[Gateway, ...] = ()
    gateway_failures: int = 5
    gateway_failure_window: timedelta = timedelta(seconds=60)
    gateway_probe_after: timedelta = timedelta(seconds=30)
    gateway_probes: int = 3
    max_body_bytes: int = 30 * 1024 * 1024
    caller_header: str = ""
    form_per_hour: int = 60
    form_least_seconds: int = 3
    form_work_bits: int = 0
    sms_price_rupiah: int = 0
    metrics_tokens: tuple[str, ...] = field(default=(), repr=False)
    second_factor: frozenset[str] = frozenset({"central", "regency"})
    session_idle: timedelta = timedelta(minutes=60)
    session_longest: timedelta = timedelta(hours=12)
    files_url: str = "data/files"
    clamav: str = ""
    canaries: Mapping[str, str] = field(default_factory=dict, repr=False)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read everything, or raise Misconfigured naming every fault."""
        faults: list[str] = []

        def required(name: str) -> str:
            value = environ.get(name, "").strip()
            if not value:
                faults.append(f"{name} is missing: {VARIABLES[name]}")
            return value

        def number(name: str, default: int, *, low: int, high: int) -> int:
            raw = environ.get(name, "").strip()
            if not raw:
                return default
            if not raw.isdecimal() or not low <= int(raw) <= high:
                faults.append(f"{name} must be a whole number from {low} to {high}")
                return default
            return int(raw)

        def flag(name: str) -> bool:
            raw = environ.get(name, "").strip().lower()
            if raw not in {"", "0", "1"}:
                faults.append(f"{name} must be 0 or 1")
            return raw == "1"

        database_url = required("DATABASE_URL")
        if database_url and urlsplit(database_url).scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
            faults.append("DATABASE_URL must begin with postgresql://")
        public_url = required("PUBLIC_URL").rstrip("/")
        parts = urlsplit(public_url)
        if public_url and (
            parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment
        ):
            faults.append("PUBLIC_URL must be an address such as https://lapor.example.go.id")
        elif public_url and parts.scheme == "http" and not _is_loopback(public_url):
            faults.append("PUBLIC_URL must begin with https:// (http is for this machine only)")
        keys = tuple(key.strip() for key in required("SAHUT_SECRET_KEYS").split(",") if key.strip())
        if any(len(key) < _SHORTEST_KEY for key in keys):
            faults.append(f"SAHUT_SECRET_KEYS: every key needs at least {_SHORTEST_KEY} characters")
        tokens = tuple(each.strip() for each in environ.get("SAHUT_METRICS_TOKEN", "").split(",") if each.strip())
        if any(len(token) < _SHORTEST_KEY for token in tokens):
            faults.append(f"SAHUT_METRICS_TOKEN: every token needs at least {_SHORTEST_KEY} characters")
        level = environ.get("SAHUT_LOG_LEVEL", "info").strip().lower() or "info"
        if level not in {"debug", "info", "warning", "error"}:
            faults.append("SAHUT_LOG_LEVEL must be debug, info, warning or error")
        gateways, wrong = read_gateways(environ.get("SAHUT_GATEWAYS", ""))
        faults.extend(f"SAHUT_GATEWAYS: {fault}" for fault in wrong)
        embedded, lab = flag("SAHUT_EMBEDDED"), flag("SAHUT_LAB")
        if lab:
            faults.extend(_faults_of_the_lab(environ, database_url, public_url, embedded=embedded))
        settings = cls(
            database_url=_with_driver(database_url),
            public_url=public_url,
            secret_keys=keys,
            redis_url=environ.get("REDIS_URL", "").strip() or "redis://127.0.0.1:6379/0",
            data=Path(environ.get("SAHUT_DATA", "").strip() or "data"),
            embedded=embedded,
            lab=lab,
            log_level=level,
            hold=timedelta(seconds=number("SAHUT_HOLD_SECONDS", 60, low=1, high=3600)),
            max_attempts=number("SAHUT_MAX_ATTEMPTS", 12, low=1, high=100),
            batch=number("SAHUT_BATCH", 100, low=1, high=1000),
            uncertain_wait=timedelta(seconds=number("SAHUT_UNCERTAIN_SECONDS", 600, low=0, high=86400)),
            gateways=gateways,
            gateway_failures=number("SAHUT_GATEWAY_FAILURES", 5, low=1, high=1000),
            gateway_failure_window=timedelta(seconds=number("SAHUT_GATEWAY_FAILURE_SECONDS", 60, low=1, high=3600)),
            gateway_probe_after=timedelta(seconds=number("SAHUT_GATEWAY_PROBE_SECONDS", 30, low=1, high=600)),
            gateway_probes=number("SAHUT_GATEWAY_PROBES", 3, low=1, high=100),
            max_body_bytes=number("SAHUT_MAX_BODY_BYTES", 30 * 1024 * 1024, low=1024, high=1024**3),
            caller_header=environ.get("SAHUT_CALLER_HEADER", "").strip(),
            form_per_hour=number("SAHUT_FORM_PER_HOUR", 60, low=0, high=100_000),
            form_least_seconds=number("SAHUT_FORM_LEAST_SECONDS", 3, low=0, high=60),
            form_work_bits=number("SAHUT_FORM_WORK_BITS", 0, low=0, high=20),
            metrics_tokens=tokens,
            sms_price_rupiah=number("SAHUT_SMS_PRICE", 0, low=0, high=100_000),
            second_factor=_roles_with_second_factor(environ, faults, embedded=embedded),
            session_idle=timedelta(minutes=number("SAHUT_SESSION_IDLE_MINUTES", 60, low=5, high=1440)),
            session_longest=timedelta(hours=number("SAHUT_SESSION_HOURS", 12, low=1, high=168)),
            files_url=environ.get("SAHUT_FILES_URL", "").strip()
            or str(Path(environ.get("SAHUT_DATA", "").strip() or "data") / "files"),
            clamav=_address_of_clamav(environ, faults),
            canaries=_canaries(environ, faults),
            environ=dict(environ),
        )
        if faults:
            raise Misconfigured(faults)
        return settings


def _roles_with_second_factor(environ: Mapping[str, str], faults: list[str], *, embedded: bool) -> frozenset[str]:
    """The admins, unless it is said otherwise; nobody where somebody only tries the product out."""
    said = environ.get("SAHUT_SECOND_FACTOR", "").strip().lower() or ("none" if embedded else "central,regency")
    named = frozenset(part.strip() for part in said.split(",") if part.strip()) - {"none"}
    if not named <= set(ROLES):
        faults.append(f"SAHUT_SECOND_FACTOR must be none, or some of: {', '.join(ROLES)}")
    return named


def _address_of_clamav(environ: Mapping[str, str], faults: list[str]) -> str:
    address = environ.get("SAHUT_CLAMAV", "").strip()
    host, _, port = address.rpartition(":")
    if address and not address.startswith("/") and not (host and port.isdecimal()):
        faults.append("SAHUT_CLAMAV must be host:port or the path of a socket")
    return address


def _with_driver(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg{separator}{rest}" if scheme in {"postgresql", "postgres"} else url


def _faults_of_the_lab(environ: Mapping[str, str], database_url: str, public_url: str, *, embedded: bool) -> list[str]:
    """The lab lets anybody read every message: it may exist on a machine of one's own only."""
    faults = []
    if not embedded:
        faults.append("SAHUT_LAB: the lab exists only with the embedded servers of `sahut up` (SAHUT_EMBEDDED=1)")
    if not _database_is_ours(database_url):
        faults.append("SAHUT_LAB: refused, because DATABASE_URL is not the embedded server's socket")
    if not _is_loopback(public_url):
        faults.append("SAHUT_LAB: refused, because PUBLIC_URL is not an address of this machine")
    faults.extend(
        f"SAHUT_LAB: refused, because {name} is not on this machine"
        for name in ("SMS_TWILIO_API_URL", "EMAIL_SMTP_URL")
        if not _is_loopback(environ.get(name, ""))
    )
    return faults


def _canaries(environ: Mapping[str, str], faults: list[str]) -> dict[str, str]:
    found = {}
    for entry in environ.get("SAHUT_CANARIES", "").split(","):
        channel, _, address = (part.strip() for part in entry.partition("="))
        if channel and address:
            found[channel] = address
        elif entry.strip():
            faults.append("SAHUT_CANARIES must look like sms_kannel=1708,email_mime=lapor@example.go.id")
    return found
