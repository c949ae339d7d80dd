"""What the programs of ``sahut up`` are told: the secrets of this installation, its servers, and the lab's accounts.

While the lab is on, the settings of SMS and e-mail are the lab's own, whatever the environment says, so that no message
can leave this machine by accident. When it may not be on, `why_no_lab` says why.
"""

import json
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from intake.embedded_folder import write_private
from intake.embedded_process import CannotStart

Officer = tuple[str, str, str]  # user name, password, role

_LAB_NUMBER = "+628110001708"
_LAB_ADDRESS = "lapor@sahut.test"
# The lab's own mail server, which vouches for the senders of its letters (intake.lab.citizen).
_LAB_MAIL_HOST = "mx.lab.test"
_SETTINGS_OF_THE_LAB = ("SMS_", "EMAIL_")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class InstallationSecrets:
    """Made once for a data folder and kept in it; whoever has them can sign in our name."""

    secret_key: str
    account_sid: str
    auth_token: str
    mail_hook_secret: str
    mail_reply_secret: str

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Read them, or make them at the first start. Raises CannotStart when the file is damaged."""
        file = folder / "secrets.json"
        try:
            return cls(**json.loads(file.read_text()))
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError) as why:
            message = f"{file} cannot be read: {why}"
            raise CannotStart(message) from why
        made = cls(
            secret_key=secrets.token_hex(32),
            account_sid=f"AC{secrets.token_hex(16)}",
            auth_token=secrets.token_hex(16),
            mail_hook_secret=secrets.token_hex(32),
            mail_reply_secret=secrets.token_hex(32),
        )
        write_private(file, json.dumps(vars(made), indent=1))
        return made


def why_no_lab(environ: Mapping[str, str]) -> str | None:
    """Why the lab cannot be on with these settings; None when it can."""
    named = " and ".join(name for name in ("DATABASE_URL", "REDIS_URL") if environ.get(name))
    if named:
        return f"it exists only with servers of its own, and {named} names others"
    if urlsplit(environ.get("PUBLIC_URL") or "http://127.0.0.1").hostname not in _LOOPBACK:
        return "PUBLIC_URL is not an address of this machine"
    return None


def replaced_by_the_lab(environ: Mapping[str, str]) -> list[str]:
    """The settings that are not used while the lab is on."""
    return sorted(name for name in environ if name.startswith(_SETTINGS_OF_THE_LAB))


def make_environment(
    environ: Mapping[str, str], *, data: Path, address: str, servers: Mapping[str, str], lab: bool
) -> dict[str, str]:
    """The environment of the programs: this one, and what was decided here.

    `servers` are the embedded ones, variable → URL. Raises CannotStart when the secrets cannot be read.
    """
    kept = {k: v for k, v in environ.items() if v and not (lab and k.startswith(_SETTINGS_OF_THE_LAB))}
    made = InstallationSecrets.of(data)
    environment = {
        "PUBLIC_URL": address,
        "SAHUT_SECRET_KEYS": made.secret_key,
        **kept,
        **servers,
        "SAHUT_DATA": str(data),
        "SAHUT_EMBEDDED": "1" if servers else "0",
        "SAHUT_LAB": "1" if lab else "0",
        "PYTHONUNBUFFERED": "1",
    }
    if lab:
        api_port, mail_port = find_free_ports(2)
        environment |= {
            "SMS_TWILIO_ACCOUNT_SID": made.account_sid,
            "SMS_TWILIO_AUTH_TOKEN": made.auth_token,
            "SMS_TWILIO_NUMBERS": _LAB_NUMBER,
            "SMS_TWILIO_API_URL": f"http://127.0.0.1:{api_port}/twilio",
            "EMAIL_MIME_SECRETS": made.mail_hook_secret,
            "EMAIL_REPLY_SECRET": made.mail_reply_secret,
            "EMAIL_ADDRESS": _LAB_ADDRESS,
            "EMAIL_TRUSTED_HOSTS": _LAB_MAIL_HOST,
            "EMAIL_SMTP_URL": f"smtp://127.0.0.1:{mail_port}?tls=no",
        }
    return environment


def remember_officers(folder: Path, made: Sequence[Officer]) -> list[Officer]:
    """All log-ins of the lab, also those of earlier starts: a password that is shown only once is soon asked for."""
    file = folder / "lab-officers.json"
    try:
        known = {user: (user, password, role) for user, password, role in json.loads(file.read_text())}
    except (OSError, ValueError, TypeError):
        known = {}
    known |= {each[0]: each for each in made}
    if made:
        write_private(file, json.dumps(list(known.values()), indent=1))
    return list(known.values())


def find_free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for each in probes:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in probes]
    finally:
        for each in probes:
            each.close()
