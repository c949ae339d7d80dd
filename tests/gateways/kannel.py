"""A real Kannel for one test: bearerbox and smsbox from the project's own example configuration, on free ports."""

from __future__ import annotations

import re
import secrets
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.gateways.door import Door
from tests.gateways.processes import free_port, is_listening, running, wait_for
from tests.gateways.smsc import SmsCentre

EXAMPLE = Path(__file__).parents[2] / "docs" / "gateways" / "kannel.conf"
FAKE_HANDSET = Path("/usr/lib/kannel/test/fakesmsc")
USER, PASSWORD = "sahut", "kata-sandi-kannel"

# What a test wants shorter than an operator does: "name = value" of the example, replaced.
HURRIED = {
    "sms-resend-freq": "1",
    "sms-resend-retry": "2",
    "sms-combine-concatenated-mo-timeout": "3",
    "http-request-retry": "3",
    "http-queue-delay": "1",
    "http-timeout": "5",
}

# Two SMS centres, and a service that calls us the other way: by GET, the text in the address.
FOR_TESTS = """
group = smsc
smsc = smpp
smsc-id = operator
allowed-smsc-id = operator
host = 127.0.0.1
port = {smpp_port}
transceiver-mode = true
smsc-username = kannel
smsc-password = secret
system-type = ""
reconnect-delay = 1
enquire-link-interval = 10

group = smsc
smsc = fake
smsc-id = fake
allowed-smsc-id = fake
port = {fake_port}
connect-allow-ip = 127.0.0.1

group = sms-service
keyword = ambil
catch-all = true
get-url = "{hook}?id=%I&from=%p&to=%P&ts=%T&text=%b&coding=%c&charset=%C&udh=%u"
omit-empty = true
max-messages = 1
"""


@dataclass(frozen=True)
class Kannel:
    """A running Kannel: who it calls, where it listens."""

    folder: Path
    admin_port: int
    sendsms_port: int
    fake_port: int
    secret: str
    centre: SmsCentre
    door: Door

    @property
    def sendsms_url(self) -> str:
        return f"http://127.0.0.1:{self.sendsms_port}/cgi-bin/sendsms"

    def status(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/status.txt?password=admin") as answer:
            return str(answer.read().decode())

    def text_from_handset(self, sender: str, recipient: str, text: str) -> None:
        """A citizen's handset on Kannel's own fake SMS centre: sends one SMS, hears answers until it hangs up."""
        command: list[str | Path] = [FAKE_HANDSET, "-v", "4", "-H", "127.0.0.1", "-r", str(self.fake_port), "-m", "1"]
        command.append(f"{sender} {recipient} text {text}")
        known = len(self.door.heard.messages)
        with running(command, folder=self.folder, log="handset.log"):
            wait_for("the handset's message", lambda: len(self.door.heard.messages) > known)


@contextmanager
def running_kannel(folder: Path, *, public_url: str = "", more: str = "", **settings: str) -> Iterator[Kannel]:
    """Kannel with two SMS centres: ``operator`` (ours) and ``fake`` (its own). ``settings`` go before HURRIED,
    ``more`` behind everything.

    It calls the test's own small door, or the application at ``public_url``.
    """
    with ExitStack() as stack:
        centre = stack.enter_context(SmsCentre())
        door = stack.enter_context(Door())
        kannel = Kannel(
            folder=folder,
            admin_port=free_port(),
            sendsms_port=free_port(),
            fake_port=free_port(),
            secret=secrets.token_hex(16),
            centre=centre,
            door=door,
        )
        smsbox_port = free_port()
        words = {
            "ADMIN_PORT": str(kannel.admin_port),
            "ADMIN_PASSWORD": "admin",
            "SMSBOX_PORT": str(smsbox_port),
            "SENDSMS_PORT": str(kannel.sendsms_port),
            "FOLDER": str(folder),
            "USER": USER,
            "PASSWORD": PASSWORD,
            "PUBLIC_URL": public_url or door.url,
            "SECRET": kannel.secret,
        }
        configuration = folder / "kannel.conf"
        configuration.write_text(
            _fill_in(EXAMPLE.read_text(), words, {**HURRIED, **settings})
            + FOR_TESTS.format(
                smpp_port=centre.port,
                fake_port=kannel.fake_port,
                hook=f"{public_url or door.url}/hooks/sms_kannel/{kannel.secret}",
            )
            + more
        )
        stack.enter_context(running(["/usr/sbin/bearerbox", "-v", "4", configuration], folder=folder, log="b.out"))
        wait_for("bearerbox", lambda: is_listening(smsbox_port) and is_listening(kannel.admin_port))
        stack.enter_context(running(["/usr/sbin/smsbox", "-v", "4", configuration], folder=folder, log="s.out"))
        wait_for("smsbox", lambda: is_listening(kannel.sendsms_port) and "smsbox:" in kannel.status())
        wait_for("the operator's line", lambda: centre.bound)
        yield kannel


def _fill_in(example: str, words: dict[str, str], settings: dict[str, str]) -> str:
    for name, value in settings.items():
        example, found = re.subn(rf"(?m)^{re.escape(name)} = .*$", f"{name} = {value}", example)
        assert found == 1, f"{name} is not in the example once"
    filled = re.sub(r"@([A-Z_]+)@", lambda match: words.get(match[1], match[0]), example)
    left = [line for line in filled.splitlines() if re.search(r"@[A-Z]+@", line) and not line.startswith("#")]
    assert not left, left
    return filled
