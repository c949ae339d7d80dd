"""Every channel and every kind of desk by name, and how to open those that are configured.

A new channel is its module, one line here, its recordings and its settings. No module registers itself: what is in the
tables below is what there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from channels import (
    email_mailgun,
    email_mime,
    email_postmark,
    email_sendgrid,
    sms_gammu,
    sms_http,
    sms_kannel,
    sms_twilio,
    web_form,
    whatsapp_twilio,
)
from channels.channel import Channel, Misconfigured, OpensChannel, OpensChannels
from channels.desks import email as email_desk
from channels.desks import webhook as webhook_desk
from channels.desks.desk import Desk


class OpensDesk(Protocol):
    """How a kind of desk is opened: from what the regency configured, and our own settings."""

    def __call__(self, config: Mapping[str, str], environ: Mapping[str, str]) -> Desk:
        """Raises Misconfigured with every fault."""


CHANNELS: Final[Mapping[str, OpensChannel]] = {
    sms_twilio.NAME: sms_twilio.open_channel,
    sms_kannel.NAME: sms_kannel.open_channel,
    sms_gammu.NAME: sms_gammu.open_channel,
    whatsapp_twilio.NAME: whatsapp_twilio.open_channel,
    email_mime.NAME: email_mime.open_channel,
    email_sendgrid.NAME: email_sendgrid.open_channel,
    email_mailgun.NAME: email_mailgun.open_channel,
    email_postmark.NAME: email_postmark.open_channel,
    web_form.NAME: web_form.open_channel,
}

# Modules that open a channel for each entry of their settings, named <module>_<entry>.
SERIES: Final[Mapping[str, OpensChannels]] = {
    sms_http.NAME: sms_http.open_channels,
    sms_kannel.NAME: sms_kannel.open_more,
}

DESKS: Final[Mapping[str, OpensDesk]] = {
    webhook_desk.KIND: webhook_desk.open_desk,
    email_desk.KIND: email_desk.open_desk,
}


def open_channels(environ: Mapping[str, str], *, public_url: str) -> dict[str, Channel]:
    """The configured channels by name. Raises one Misconfigured with the faults of all of them."""
    opened: dict[str, Channel] = {}
    faults: list[str] = []
    for name, open_channel in CHANNELS.items():
        try:
            channel = open_channel(environ, public_url=public_url)
        except Misconfigured as found:
            faults += found.faults
            continue
        if channel is not None:
            opened[name] = channel
    for open_series in SERIES.values():
        try:
            opened |= {channel.name: channel for channel in open_series(environ, public_url=public_url)}
        except Misconfigured as found:
            faults += found.faults
    if faults:
        raise Misconfigured(dict.fromkeys(faults))
    return opened


def open_desk(kind: str, config: Mapping[str, str], environ: Mapping[str, str]) -> Desk:
    """One regency's desk of this kind. Raises Misconfigured, also for a kind there is not."""
    if kind not in DESKS:
        raise Misconfigured([f"kind must be one of {', '.join(DESKS)}"])
    return DESKS[kind](config, environ)
