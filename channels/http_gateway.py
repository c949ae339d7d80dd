"""What ``sms_http`` needs to know about an aggregator: the settings block of one gateway, read and checked.

``docs/gateways/sms_http.toml`` explains every setting by example. A block is read whole: each fault is noted with its
place (``infobip.inbound.fields.id is missing``), and a name nobody knows is a fault too, because it is a misspelt one.
A value ``env:NAME`` is that variable of the environment: a file can be kept where everybody reads it, secrets not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast, get_args

from channels import phone
from channels.gateway_proof import Network, fits_an_address, may_carry_secrets, read_networks
from channels.messages import AckResponse, DeliveryStatus
from channels.variables import SHORTEST_SECRET_CHARACTERS, split_url

Format = Literal["query", "form", "json"]
Kind = Literal["retryable", "throttled", "permanent", "opted_out", "config"]
Coding = Literal["hex", "base64"]

PLACEHOLDERS: Final = frozenset(
    {"to", "to_digits", "to_national", "from", "from_digits", "text", "id", "encoding", "delivery_url"}
)
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_GATEWAY_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,30}", re.ASCII)
_MESSAGE_FIELDS: Final = ("sender", "recipient", "text", "sent_at", "part", "parts", "part_reference")
_ALGORITHMS: Final = ("sha256", "sha1", "sha512")


@dataclass(frozen=True)
class HmacProof:
    header: str
    secrets: Sequence[str] = field(repr=False)
    algorithm: str = "sha256"
    coding: Coding = "hex"
    prefix: str = ""


@dataclass(frozen=True)
class Proofs:
    """All that are given must hold."""

    secrets: Sequence[str] = field(default=(), repr=False)
    header: str = ""
    header_values: Sequence[str] = field(default=(), repr=False)
    logins: Sequence[str] = field(default=(), repr=False)
    hmac: HmacProof | None = None
    allowed: Sequence[Network] = ()

    def is_empty(self) -> bool:
        return not (self.secrets or self.header or self.logins or self.hmac or self.allowed)


@dataclass(frozen=True)
class Inbound:
    """Where an incoming message has what. ``id`` may be several fields: together they name the message."""

    format: Format
    id: Sequence[str]
    fields: Mapping[str, str]
    items: str = ""
    charset: str = "utf-8"
    ack: AckResponse = field(default_factory=AckResponse)


@dataclass(frozen=True)
class Delivery:
    format: Format
    id: str
    message_id: str
    status: str
    error: str
    statuses: Mapping[str, DeliveryStatus]
    items: str = ""


@dataclass(frozen=True)
class Outbound:
    """How a message is given to the gateway, and how its answer is read."""

    send_to: str = field(repr=False)
    method: str
    format: Format
    body: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    login: tuple[str, str] | None = field(default=None, repr=False)
    encodings: Mapping[str, str] = field(default_factory=dict)
    success_field: str = ""
    success_values: Sequence[str] = ()
    success_pattern: re.Pattern[str] | None = None
    id_field: str = ""
    error_field: str = ""
    errors: Mapping[str, Kind] = field(default_factory=dict)
    otherwise: Kind = "retryable"


@dataclass(frozen=True)
class Gateway:
    name: str
    numbers: Sequence[str]
    proofs: Proofs
    inbound: Inbound | None
    outbound: Outbound | None
    delivery: Delivery | None


class _Block:
    """One table of the settings; every name that is asked for is known, the others are faults."""

    def __init__(self, value: object, place: str, faults: list[str], environ: Mapping[str, str]) -> None:
        self.place, self._faults, self._environ = place, faults, environ
        self._values: dict[str, Any] = {}
        self._asked: set[str] = set()
        if isinstance(value, Mapping):
            self._values = {str(name): each for name, each in value.items()}
        else:
            self.fault("", "must be a table")

    def fault(self, name: str, what: str) -> None:
        self._faults.append(f"{'.'.join(part for part in (self.place, name) if part)} {what}")

    def has(self, name: str) -> bool:
        self._asked.add(name)
        return name in self._values

    def any(self, name: str) -> Any:
        return self._resolve(self._values.get(name), name) if self.has(name) else None

    def text(self, name: str, default: str = "", *, required: bool = False) -> str:
        value = self.any(name)
        if value is None:
            if required:
                self.fault(name, "is missing")
            return default
        if not isinstance(value, str) or (required and not value):
            self.fault(name, "must be a text")
            return default
        return value

    def texts(self, name: str, *, required: bool = False) -> tuple[str, ...]:
        """A text or a list of texts."""
        value = self.any(name)
        values = [value] if isinstance(value, str) else value
        if value is None or values == []:
            if required:
                self.fault(name, "is missing")
            return ()
        if not isinstance(values, list) or not all(isinstance(each, str) and each for each in values):
            self.fault(name, "must be a text or a list of texts")
            return ()
        return tuple(values)

    def choice(self, name: str, options: Sequence[str], default: str) -> str:
        value = self.text(name, default)
        if value not in options:
            self.fault(name, f"must be one of {', '.join(options)}")
            return options[0]
        return value

    def number(self, name: str, default: int) -> int:
        value = self.any(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            self.fault(name, "must be a number")
            return default
        return default if value is None else value

    def table(self, name: str) -> _Block:
        self._asked.add(name)
        place = ".".join(part for part in (self.place, name) if part)
        return _Block(self._values.get(name, {}), place, self._faults, self._environ)

    def names(self) -> tuple[str, ...]:
        """All names of a table whose names are free."""
        self._asked |= set(self._values)
        return tuple(self._values)

    def close(self) -> None:
        for name in sorted(set(self._values) - self._asked):
            self.fault(name, "is not a setting")

    def _resolve(self, value: Any, name: str) -> Any:
        if isinstance(value, str) and value.startswith("env:"):
            resolved = self._environ.get(value[4:], "").strip()
            if not resolved:
                self.fault(name, f"names the variable {value[4:]}, which is not set")
            return resolved or None
        if isinstance(value, list):
            return [each for each in (self._resolve(each, name) for each in value) if each is not None]
        if isinstance(value, Mapping):
            return {str(key): self._resolve(each, name) for key, each in value.items()}
        return value


def read_gateways(settings: object, environ: Mapping[str, str]) -> tuple[list[Gateway], list[str]]:
    """The gateways of a settings file and everything that is wrong with it; use the first only without the second."""
    faults: list[str] = []
    top = _Block(settings, "", faults, environ)
    blocks = top.table("gateways")
    names = blocks.names()
    if not names:
        faults.append("gateways lists nothing")
    gateways = [_read_gateway(name, blocks.table(name)) for name in names]
    top.close()
    return gateways, faults


def _read_gateway(name: str, block: _Block) -> Gateway:
    if not _GATEWAY_NAME.fullmatch(name):
        block.fault("", "may hold small letters, digits and _ only")
    numbers = [phone.read_correspondent(number).address for number in block.texts("numbers")]
    proofs = _read_proofs(block.table("proofs"))
    inbound = _read_inbound(block.table("inbound")) if block.has("inbound") else None
    delivery = _read_delivery(block.table("delivery")) if block.has("delivery") else None
    outbound = _read_outbound(block.table("outbound")) if block.has("outbound") else None
    if inbound is None and outbound is None:
        block.fault("", "has neither inbound nor outbound")
    if (inbound or delivery) and proofs.is_empty():
        block.fault("proofs", "is missing: anybody could write in a citizen's name")
    if proofs.hmac and any(each and each.format == "query" for each in (inbound, delivery)):
        block.fault("proofs.hmac", "covers the body only: what stands in the address would be unsigned")
    block.close()
    return Gateway(name, numbers, proofs, inbound, outbound, delivery)


def _read_proofs(block: _Block) -> Proofs:
    secrets = block.texts("path_secrets")
    if not fits_an_address(secrets):
        block.fault("path_secrets", "may hold letters, digits, - and _ only: they stand in an address")
    header = block.table("header")
    name = header.text("name", required=block.has("header"))
    values = header.texts("values", required=block.has("header"))
    header.close()
    proof = None
    if block.has("hmac"):
        given = block.table("hmac")
        proof = HmacProof(
            given.text("header", required=True),
            given.texts("secrets", required=True),
            given.choice("algorithm", _ALGORITHMS, "sha256"),
            cast("Coding", given.choice("coding", get_args(Coding), "hex")),
            given.text("prefix"),
        )
        given.close()
    for place, found in (("path_secrets", secrets), ("header.values", values)):
        if any(len(secret) < SHORTEST_SECRET_CHARACTERS for secret in found):
            block.fault(place, f"holds a secret shorter than {SHORTEST_SECRET_CHARACTERS} characters")
    logins = block.texts("logins")
    if any(":" not in login for login in logins):
        block.fault("logins", "holds an entry that is not user:password")
    allowed = read_networks(block.texts("allow"))
    if allowed is None:
        block.fault("allow", "holds something that is neither an address nor a network (10.1.2.0/24)")
    block.close()
    return Proofs(secrets, name, values, logins, proof, allowed or ())


def _read_inbound(block: _Block) -> Inbound:
    fields = block.table("fields")
    identity = fields.texts("id", required=True)
    found = {name: fields.text(name, required=name in {"sender", "text"}) for name in _MESSAGE_FIELDS}
    fields.close()
    ack = block.table("ack")
    answer = AckResponse(
        ack.number("status", 200), ack.text("content_type", "text/plain; charset=utf-8"), ack.text("body")
    )
    if not 200 <= answer.status <= 299:
        ack.fault("status", "must be 200 to 299: the message has been kept")
    ack.close()
    charset = block.text("charset", "utf-8")
    try:
        b"x".decode(charset)
    except (LookupError, ValueError):
        block.fault("charset", "is not a character set")
    inbound = Inbound(_read_format(block, "form"), identity, found, block.text("items"), charset, answer)
    _check_items(block, inbound.items, inbound.format)
    block.close()
    return inbound


def _read_delivery(block: _Block) -> Delivery:
    fields = block.table("fields")
    identity = {name: fields.text(name) for name in ("id", "message_id", "error")}
    status = fields.text("status", required=True)
    fields.close()
    words = block.table("statuses")
    statuses: dict[str, DeliveryStatus] = {}
    for word in words.names():
        try:
            statuses[word.lower()] = DeliveryStatus(words.text(word))
        except ValueError:
            words.fault(word, f"must be one of {', '.join(DeliveryStatus)}")
    if not statuses:
        block.fault("statuses", "is missing")
    delivery = Delivery(
        _read_format(block, "form"),
        identity["id"],
        identity["message_id"],
        status,
        identity["error"],
        statuses,
        block.text("items"),
    )
    _check_items(block, delivery.items, delivery.format)
    block.close()
    return delivery


def _read_outbound(block: _Block) -> Outbound:
    send_to = block.text("send_to", required=True)
    parts = split_url(_PLACEHOLDER.sub("x", send_to))
    if send_to and (parts is None or not may_carry_secrets(parts.scheme, parts.hostname or "")):
        block.fault("send_to", "must be an https address (http on this machine or a private address only)")
    body = block.any("body") if block.has("body") else {}
    headers = block.any("headers") if block.has("headers") else {}
    if not isinstance(body, Mapping) or not body:
        block.fault("body", "is missing")
        body = {}
    if not isinstance(headers, Mapping) or not all(isinstance(value, str) for value in headers.values()):
        block.fault("headers", "must be texts by name")
        headers = {}
    for place, template in (("send_to", send_to), ("body", body), ("headers", headers)):
        for name in sorted(_placeholders(template) - PLACEHOLDERS):
            block.fault(place, f"holds {{{name}}}, which is not one of {', '.join(sorted(PLACEHOLDERS))}")
    if "text" not in _placeholders(body) | _placeholders(send_to):
        block.fault("body", "holds no {text}")
    login = block.text("login")
    if login and ":" not in login:
        block.fault("login", "must be user:password")
    user, _, password = login.partition(":")
    names = block.table("encodings")
    encodings = {name: names.text(name) for name in ("gsm7", "ucs2")}
    names.close()
    success, pattern = block.table("success"), None
    try:
        pattern = re.compile(success.text("pattern")) if success.has("pattern") else None
    except re.error:
        success.fault("pattern", "is not a regular expression")
    errors = block.table("errors")
    kinds = errors.table("kinds")
    by_word = {word: cast("Kind", kinds.choice(word, get_args(Kind), "retryable")) for word in kinds.names()}
    outbound = Outbound(
        send_to=send_to,
        method=block.choice("method", ("POST", "GET", "PUT"), "POST"),
        format=_read_format(block, "form"),
        body=body,
        headers=headers,
        login=(user, password) if login else None,
        encodings=encodings,
        success_field=success.text("field"),
        success_values=success.texts("values"),
        success_pattern=pattern,
        id_field=block.text("id_field"),
        error_field=errors.text("field"),
        errors=by_word,
        otherwise=cast("Kind", errors.choice("otherwise", get_args(Kind), "retryable")),
    )
    if bool(outbound.success_field) != bool(outbound.success_values):
        success.fault("field", "and values belong together")
    success.close()
    errors.close()
    block.close()
    return outbound


def _read_format(block: _Block, default: str) -> Format:
    return cast("Format", block.choice("format", get_args(Format), default))


def _check_items(block: _Block, items: str, written_in: Format) -> None:
    if items and written_in != "json":
        block.fault("items", "is for JSON only")


def _placeholders(template: object) -> set[str]:
    if isinstance(template, str):
        return set(_PLACEHOLDER.findall(template))
    if isinstance(template, Mapping):
        return set().union(*(_placeholders(each) for each in template.values()))
    if isinstance(template, list):
        return set().union(*(_placeholders(each) for each in template))
    return set()


def fill(template: Any, values: Mapping[str, str]) -> Any:
    """The template with every placeholder replaced, whatever its shape. What was filled in is not looked at again."""
    if isinstance(template, str):
        return _PLACEHOLDER.sub(lambda match: values[match[1]], template)
    if isinstance(template, Mapping):
        return {name: fill(each, values) for name, each in template.items()}
    if isinstance(template, list):
        return [fill(each, values) for each in template]
    return template
