"""``sahut lmtp`` and ``sahut catch-up``: the two ways in by mail that are processes of their own."""

from __future__ import annotations

import os
import signal
import sys
import threading

import click

from channels.email_mime import NAME, EmailMime
from channels.mail_imap import ImapServer, read_imap_server
from channels.mail_lmtp import LmtpDoor
from channels.messages import Headers, InboundRequest
from channels.variables import Variables
from intake import catch_up as mailbox_reading
from intake import logs
from intake.commands.operate import opened
from intake.receive import receive_verified
from intake.runtime import Runtime

log = logs.get("lmtp")


@click.command(epilog="Example: sahut lmtp --listen 127.0.0.1:10024")
@click.option("--listen", metavar="HOST:PORT", help="Where to listen (default: EMAIL_LMTP_LISTEN, or 127.0.0.1:10024).")
def lmtp(listen: str | None) -> None:
    """Take letters from a mail server by LMTP. Whoever may connect may hand in letters: keep it on a private address."""
    with opened() as rt:
        address = listen or os.environ.get("EMAIL_LMTP_LISTEN", "").strip() or "127.0.0.1:10024"
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal():
            click.echo("--listen must look like 127.0.0.1:10024", err=True)
            sys.exit(2)
        door = open_door(rt, host=host.strip("[]"), port=int(port))
        door.start()
        click.echo(f"Letters are taken at {address} (LMTP).")
        _until_told().wait()
        door.stop()


def open_door(rt: Runtime, *, host: str, port: int) -> LmtpDoor:
    """The LMTP listener over this runtime, not yet listening."""
    mailbox = _mailbox(rt)

    def keep(raw: bytes, envelope_from: str, recipient: str) -> bool:
        headers = Headers({"X-Envelope-From": envelope_from, "X-Envelope-To": recipient})
        request = InboundRequest(f"{rt.settings.public_url}/hooks/{NAME}", headers, raw)
        try:
            receive_verified(rt, NAME, request)
        except Exception as fault:  # noqa: BLE001 - a door: whatever it is, the mail server keeps the letter and tries again
            log.warning("letter_not_kept", error=type(fault).__name__)
            return False
        return True

    return LmtpDoor(
        host=host, port=port, keep=keep, is_ours=mailbox.mailbox.is_ours, most_bytes=rt.settings.max_body_bytes
    )


@click.command("catch-up", epilog="Example: sahut catch-up --once")
@click.option("--once", is_flag=True, help="Fetch what waits and end; for cron.")
def catch_up(*, once: bool) -> None:
    """Fetch letters from the mailbox of EMAIL_IMAP_URL, and go on as they come."""
    with opened() as rt:
        _mailbox(rt)
        server = _imap_server()
        if once:
            with server.opened() as folder:
                click.echo(f"{mailbox_reading.take_waiting(rt, server, folder)} fetched.")
            return
        told = _until_told()
        mailbox_reading.run(rt, server, goes_on=lambda: not told.is_set(), pause=told.wait)


def _mailbox(rt: Runtime) -> EmailMime:
    channel = rt.channels.get(NAME)
    if not isinstance(channel, EmailMime):
        click.echo("no mailbox is configured: set EMAIL_ADDRESS and the other EMAIL_ variables", err=True)
        sys.exit(2)
    return channel


def _imap_server() -> ImapServer:
    variables = Variables(os.environ, "EMAIL_IMAP_URL")
    server = read_imap_server(variables, "EMAIL_IMAP_URL")
    if server is None:
        click.echo("EMAIL_IMAP_URL must look like imaps://user:password@host/INBOX", err=True)
        sys.exit(2)
    variables.raise_faults()
    return server


def _until_told() -> threading.Event:
    """Set by SIGTERM or SIGINT."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    return told
