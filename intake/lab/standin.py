"""``python -m intake.lab.standin``: the lab's stand-ins for the gateway and the citizens' mail servers, one process.

It listens on 127.0.0.1 only, on the ports of SMS_TWILIO_API_URL and EMAIL_SMTP_URL, knows the account from the
channels' own variables, and keeps everything it is given in the spool of SAHUT_DATA, where the lab's pages show it.

LAB_FAIL_FIRST=N makes it refuse the first N messages of each kind (503, and 451 for mail), to see retries happen.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from intake import logs
from intake.lab.gateway import Gateway, open_server
from intake.lab.spool import Spool
from intake.supervise import Wish

_LARGEST_MAIL_BYTES = 40 * 1024 * 1024
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class RefusesToStart(Exception):
    """The variables are not those of a lab."""


@dataclass(frozen=True)
class LabSettings:
    """What the stand-ins read from the environment."""

    data: Path
    account_sid: str
    auth_token: str = field(repr=False)
    api_port: int
    api_prefix: str
    mail_port: int
    fail_first: int

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Raises RefusesToStart naming every fault; the stand-ins run only where SAHUT_LAB=1."""
        faults = [] if environ.get("SAHUT_LAB") == "1" else ["SAHUT_LAB is not 1: these are stand-ins for trying out"]
        needed = ("SAHUT_DATA", "SMS_TWILIO_ACCOUNT_SID", "SMS_TWILIO_AUTH_TOKEN")
        faults += [f"{name} is missing" for name in needed if not environ.get(name)]
        api, mail = urlsplit(environ.get("SMS_TWILIO_API_URL", "")), urlsplit(environ.get("EMAIL_SMTP_URL", ""))
        for name, url in (("SMS_TWILIO_API_URL", api), ("EMAIL_SMTP_URL", mail)):
            if url.hostname not in _LOOPBACK or not url.port:
                faults.append(f"{name} must name 127.0.0.1 and a port")
        fail_first = environ.get("LAB_FAIL_FIRST", "0") or "0"
        if not fail_first.isdecimal():
            faults.append("LAB_FAIL_FIRST must be a whole number")
        if faults:
            raise RefusesToStart("; ".join(faults))
        return cls(
            data=Path(environ["SAHUT_DATA"]),
            account_sid=environ["SMS_TWILIO_ACCOUNT_SID"],
            auth_token=environ["SMS_TWILIO_AUTH_TOKEN"].split(",")[0].strip(),
            api_port=api.port or 0,
            api_prefix=api.path,
            mail_port=mail.port or 0,
            fail_first=int(fail_first),
        )


class Postbox:
    """Takes every mail for everybody, one copy into each recipient's mailbox."""

    def __init__(self, spool: Spool, fail_first: int = 0) -> None:
        self._spool = spool
        self._fail_first = fail_first

    # The name and the arguments are aiosmtpd's.
    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self._fail_first > 0:
            self._fail_first -= 1
            return "451 4.3.0 Try again later"
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content).encode("utf-8", "surrogateescape")
        sender = "" if envelope.mail_from in {None, "<>"} else str(envelope.mail_from)
        for recipient in envelope.rcpt_tos:
            self._spool.put_mail(raw, direction="to_citizen", envelope_from=sender, envelope_to=recipient)
        return "250 2.0.0 Taken"


def serve(settings: LabSettings, should_stop: Callable[[], bool]) -> None:
    """Listen until `should_stop`, asked ten times a second, says so."""
    spool = Spool.in_data(settings.data)
    gateway = Gateway(settings.account_sid, settings.auth_token, spool, settings.fail_first)
    api = open_server(gateway, settings.api_port, settings.api_prefix)
    mail = Controller(
        Postbox(spool, settings.fail_first),
        hostname="127.0.0.1",
        port=settings.mail_port,
        data_size_limit=_LARGEST_MAIL_BYTES,
        enable_SMTPUTF8=True,
        ident="lab",
    )
    gateway.start()
    listening = threading.Thread(target=api.serve_forever, args=(0.1,), daemon=True, name="gateway")
    listening.start()
    try:
        mail.start()
        try:
            while not should_stop():
                time.sleep(0.1)
        finally:
            mail.stop()
    finally:
        api.shutdown()
        api.server_close()
        gateway.stop()


def main() -> int:
    logs.configure()
    try:
        settings = LabSettings.from_environ(os.environ)
    except RefusesToStart as why:
        print(f"lab: {why}", file=sys.stderr)  # noqa: T201  # the answer of a command, not a log
        return 2
    wish = Wish()
    wish.listen()
    serve(settings, lambda: wish.is_to_stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
