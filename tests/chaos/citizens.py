"""Citizens of every channel. Their gateway, mail server or browser tries until the message is taken, under the same id."""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final, Literal

import requests
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from intake.lab.citizen import post_mail
from tests.chaos.house import KANNEL_SECRET, StruckHouse
from tests.chaos.providers import ACCOUNT, TOKEN
from tests.journeys.house import OUR_ADDRESS, OUR_NUMBER, Browser

Way = Literal["twilio", "kannel", "mail", "web"]

TEXT: Final = "jalan rusak di desa Tegal Rejo kec Lawang Kidul Muara Enim nomor {}"
PATIENCE_SECONDS: Final = 90.0
REFERENCE: Final = re.compile(r"\b([0-9A-Z]{3}-[0-9A-Z]{4})\b")
_COPIES_AT_ONCE: Final = 100
# One white pixel: an attachment that is looked at, drawn again and stored.
_PIXEL: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII="
)


@dataclass(frozen=True)
class Sent:
    """One message that was taken. ``reference`` is what the web form showed; by the other ways the answer tells it."""

    number: int
    way: Way
    address: str
    reference: str = ""


class NobodyTookIt(Exception):
    """A message was refused until patience ended: the sender knows, so it is not lost, but something is wrong."""


@dataclass
class Crowd:
    """Sends messages of all kinds, a few at once. ``storm`` sends one message in a hundred copies at once."""

    house: StruckHouse
    first: int = 1
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(24))
    _sent: list[Future[Sent]] = field(default_factory=list)
    _going: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self, per_second: float) -> None:
        self._going.set()
        self._thread = threading.Thread(target=self._keep_sending, args=(1 / per_second,), daemon=True)
        self._thread.start()

    def wait_for(self, messages: int) -> None:
        """Go on until so many have been sent: on a quick machine all blows are over before that."""
        while len(self._sent) < messages:
            if self._thread is None or not self._thread.is_alive():
                raise AssertionError("nobody writes any more")
            time.sleep(0.1)

    def stop(self) -> list[Sent]:
        """No new ones; waits for all that are under way. Raises NobodyTookIt."""
        self._going.clear()
        if self._thread is not None:
            self._thread.join()
        self._pool.shutdown(wait=True)
        return [each.result() for each in self._sent]

    def send(self, way: Way, *, copies: int = 1) -> None:
        number = self.first + len(self._sent)
        self._sent.append(self._pool.submit(send, self.house, number, way, copies))

    def _keep_sending(self, pause: float) -> None:
        ways: list[Way] = ["twilio", "kannel", "twilio", "mail", "kannel", "twilio", "web", "mail", "twilio", "kannel"]
        while self._going.is_set():
            number = self.first + len(self._sent)
            self.send(ways[number % len(ways)], copies=_COPIES_AT_ONCE if number % 60 == 0 else 1)
            time.sleep(pause)


def send(house: StruckHouse, number: int, way: Way, copies: int = 1) -> Sent:
    """Send message ``number`` until it is taken. Raises NobodyTookIt."""
    somebody = _WebCitizen(house, number)
    attempt: Callable[[], Sent | None] = {
        "twilio": lambda: _by_twilio(house, number),
        "kannel": lambda: _by_kannel(house, number),
        "mail": lambda: _by_mail(house, number),
        "web": somebody.attempt,
    }[way]
    if copies > 1 and way in {"twilio", "kannel"}:
        with ThreadPoolExecutor(16) as pool:
            for each in [pool.submit(attempt) for _ in range(copies)]:
                with suppress(requests.RequestException):
                    each.result()
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with suppress(requests.RequestException):
            if sent := attempt():
                return sent
        time.sleep(0.3)
    msg = f"{way} {number} {somebody.last}"
    raise NobodyTookIt(msg)


def phone(number: int) -> str:
    return f"+62811{number:07}"


def _by_twilio(house: StruckHouse, number: int) -> Sent | None:
    form = {"MessageSid": f"SM{number:032x}", "AccountSid": ACCOUNT, "From": phone(number), "To": OUR_NUMBER,
            "Body": TEXT.format(number), "NumMedia": "0"}  # fmt: skip
    url = f"{house.url}/hooks/sms_twilio"
    signature = str(RequestValidator(TOKEN).compute_signature(url, form))
    answer = _session().post(url, data=form, headers={"X-Twilio-Signature": signature}, timeout=15)
    return Sent(number, "twilio", phone(number)) if answer.ok else None


def _by_kannel(house: StruckHouse, number: int) -> Sent | None:
    query = {"id": f"k{number}", "from": phone(number), "to": "1708", "charset": "UTF-8", "coding": "0"}
    url = f"{house.url}/hooks/sms_kannel/{KANNEL_SECRET}"
    answer = _session().post(url, params=query, data=TEXT.format(number).encode(), timeout=15)
    return Sent(number, "kannel", phone(number)) if answer.ok else None


def _by_mail(house: StruckHouse, number: int) -> Sent | None:
    address = f"warga{number}@example.id"
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = address, OUR_ADDRESS, "Jalan rusak"
    letter["Message-ID"] = f"<surat{number}@example.id>"
    letter.set_content(TEXT.format(number))
    letter.add_attachment(_PIXEL, maintype="image", subtype="png", filename="foto.png")
    letter.set_boundary(f"bagian-{number}")  # a mail server sends the same bytes again
    status = post_mail(
        house.url, house.environ["EMAIL_MIME_SECRETS"], letter.as_bytes(), envelope_from=address,
        envelope_to=OUR_ADDRESS,
    )  # fmt: skip
    return Sent(number, "mail", address) if 200 <= status < 300 else None


@dataclass
class _WebCitizen:
    """Opens the form once; what is typed is sent again with the same page until a page shows the number."""

    house: StruckHouse
    number: int
    last: str = ""
    _form: str = ""

    def attempt(self) -> Sent | None:
        browser = Browser(self.house.url)
        browser.session.trust_env = False
        try:
            if not self._form:
                browser.get("/lapor")
                browser.submit("/lapor", text=TEXT.format(self.number))
                if "16.03" not in browser.page:
                    return None
                self._form, self._cookies = browser.page, browser.session.cookies.copy()
            browser.page, browser.at = self._form, f"{self.house.url}/lapor"
            browser.session.cookies.update(self._cookies)
            browser.submit("/lapor", text=TEXT.format(self.number), place="16.03.07")
            self.last = f"{browser.status} {browser.at} {' '.join(re.sub('<[^>]*>', ' ', browser.page).split())[:400]}"
            shown = REFERENCE.search(browser.page)
            if browser.status != 200 or shown is None or "/lapor/" not in browser.at:
                return None
            return Sent(self.number, "web", "", shown[1])
        except AssertionError:
            return None  # an error page has no form
        finally:
            browser.close()


_sessions = threading.local()


def _session() -> requests.Session:
    if not hasattr(_sessions, "session"):
        _sessions.session = requests.Session()
        _sessions.session.trust_env = False
    session: requests.Session = _sessions.session
    return session
