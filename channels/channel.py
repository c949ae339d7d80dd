"""What a channel must be able to do, and how it may fail.

The errors carry their own policy::

    ChannelError
    ├── Forged            the request is not from whom it says: 403, counted, nothing kept
    ├── Unreadable        genuine, but we cannot read it: kept in quarantine, acknowledged (a retry would not help)
    ├── SendFailed        a message did not leave: retryable or not, and when to try again
    └── Misconfigured     the settings are wrong: told at start, all faults at once
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, runtime_checkable

from channels.messages import (
    Ack,
    AckResponse,
    DeliveryReport,
    InboundMessage,
    InboundRequest,
    OutboundMessage,
    ProviderReceipt,
)

Medium = Literal["sms", "email", "web"]


class ChannelError(Exception):
    """Anything a channel reports about the outside world."""


class Forged(ChannelError):
    """The proof of origin is missing or wrong."""


class Unreadable(ChannelError):
    """The request is genuine but says nothing we understand. The message tells why, without personal data."""


class SendFailed(ChannelError):
    """The provider did not take the message.

    ``kind`` says whose turn it is: ``retryable`` (try again, after ``retry_after`` when given), ``throttled`` (the
    same, slower), ``permanent`` (this message will never leave), ``opted_out`` (this person wants nothing by this
    channel), ``config`` (ours to repair: retried, and shown to the operator).

    ``uncertain`` is True when the provider may have taken the message all the same (its answer got lost): ask
    ``FindsSent`` where the channel can, before it is sent again.
    """

    def __init__(
        self,
        reason: str,
        *,
        kind: Literal["retryable", "throttled", "permanent", "opted_out", "config"] = "retryable",
        retry_after: timedelta | None = None,
        code: str | None = None,
        uncertain: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.retry_after = retry_after
        self.code = code
        self.uncertain = uncertain

    @property
    def retryable(self) -> bool:
        return self.kind in {"retryable", "throttled", "config"}


class Misconfigured(ChannelError):
    """Settings that cannot work; ``faults`` names every one of them by its variable."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


class Channel(Protocol):
    """One way in and out. Safe to share between threads; knows nothing between two calls."""

    @property
    def name(self) -> str:
        """As in the address of its hook, e.g. ``sms_twilio``."""

    @property
    def medium(self) -> Medium:
        """Decides wording and length of what we say."""

    def verify(self, request: InboundRequest) -> None:
        """Return when the request is genuine; raise Forged otherwise. Constant time; several secrets may be valid."""

    def parse(self, request: InboundRequest) -> InboundMessage:
        """Read a message. Pure. Raises Unreadable."""

    def render_ack(self, ack: Ack) -> AckResponse:
        """What the provider wants to hear so that it does not call again. Never the answer to the citizen."""

    def send(self, message: OutboundMessage) -> ProviderReceipt:
        """Give a message to the provider. Raises SendFailed."""


@runtime_checkable
class ReportsDelivery(Protocol):
    """Ability: the provider tells later how far a message got."""

    def parse_delivery(self, request: InboundRequest) -> DeliveryReport:
        """Read a delivery report. Pure. Raises Unreadable."""


@runtime_checkable
class SaysWhetherItReports(Protocol):
    """Ability: a channel whose settings decide whether delivery reports come."""

    @property
    def expects_deliveries(self) -> bool:
        """Whether the provider was set up to tell."""


def expects_deliveries(channel: Channel) -> bool:
    """Whether the provider of this channel calls us when a message has arrived."""
    if not isinstance(channel, ReportsDelivery):
        return False
    return channel.expects_deliveries if isinstance(channel, SaysWhetherItReports) else True


@runtime_checkable
class FindsSent(Protocol):
    """Ability: the provider can be asked whether it took a message of ours."""

    def find_sent(self, message: OutboundMessage, *, since: datetime) -> ProviderReceipt | None:
        """The receipt when the provider has it, None when it says it has not. Raises SendFailed when it cannot tell."""


@runtime_checkable
class SendsAs(Protocol):
    """Ability: tells whether a message leaves from exactly the number asked for, so that the answer comes back to it."""

    def sends_as(self, sender: str) -> bool:
        """Whether this is a number of ours here. ``sender`` is not empty."""


@runtime_checkable
class CatchesUp(Protocol):
    """Ability: the provider can list what it received for us."""

    def received_since(self, moment: datetime) -> Iterable[Listed]:
        """Everything received since then that the provider still lists, whether or not we have it. Raises Unreachable."""


@runtime_checkable
class Probes(Protocol):
    """Ability: whether the provider is there and knows us can be asked without sending anything."""

    def probe(self) -> None:
        """Return when it would take a message of ours. Raises SendFailed or Unreachable with why not."""


class OpensChannel(Protocol):
    """How a channel module is opened; see ``channels.registry``."""

    def __call__(self, environ: Mapping[str, str], *, public_url: str) -> Channel | None:
        """The channel, or None when no setting of it is present. Raises Misconfigured when only some are right."""


class OpensChannels(Protocol):
    """How a module is opened whose settings list several channels of one kind."""

    def __call__(self, environ: Mapping[str, str], *, public_url: str) -> Sequence[Channel]:
        """The channels, none when no setting is present. Raises Misconfigured when only some are right."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One message in a provider's list; ``message`` is None where the list names it and does not hold it."""

    external_id: str
    received_at: datetime
    message: InboundMessage | None


@dataclass(frozen=True, slots=True)
class PolledMessage:
    """A message that waits at the gateway; ``handle`` is what ``Polls.mark_taken`` wants to hear."""

    message: InboundMessage
    handle: str


@dataclass(frozen=True, slots=True)
class PolledReport:
    """A delivery report that waits at the gateway."""

    report: DeliveryReport
    handle: str


class Unreachable(ChannelError):
    """What we poll cannot be asked at this moment: later."""


class MediaRefused(ChannelError):
    """A file at the provider will not be fetched: not from where we may, too large, or gone. The message tells which."""


@runtime_checkable
class FetchesMedia(Protocol):
    """Ability: files that a message only names by an address can be fetched from the provider."""

    def fetch_media(self, url: str) -> bytes:
        """The file's bytes. Raises MediaRefused, and Unreachable when it may succeed later."""


@runtime_checkable
class Polls(Protocol):
    """Ability: nobody calls us, we ask. What is not marked as taken is given again, with the same external id.

    The order that loses nothing: ask, commit what was given, mark it. A crash in between gives it twice, and the
    external id tells. All of these raise Unreachable.
    """

    def waiting_messages(self, *, limit: int) -> Sequence[PolledMessage]:
        """The oldest messages nobody has taken, at most ``limit``."""

    def waiting_reports(self, *, limit: int) -> Sequence[PolledReport]:
        """What has changed about messages of ours since we last took a report of them."""

    def mark_taken(self, handles: Iterable[str]) -> None:
        """Never give these again. Marking twice is harmless."""


@runtime_checkable
class ReadsSeveral(Protocol):
    """Ability: one request may hold several messages, or several delivery reports."""

    def parse_all(self, request: InboundRequest) -> Sequence[InboundMessage]:
        """All messages of a request, at least one. Pure. Raises Unreadable; ``parse`` does so for several."""

    def parse_all_deliveries(self, request: InboundRequest) -> Sequence[DeliveryReport]:
        """All delivery reports of a request, at least one. Pure. Raises Unreadable."""
