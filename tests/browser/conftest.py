"""A whole house on this machine for a real Chromium: the web application, the lab's stand-ins, the workers' jobs."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from channels.registry import open_channels
from intake.lab.standin import LabSettings, serve
from intake.runtime import Runtime
from intake.settings import Settings
from intake.storage import officers
from intake.storage.database import open_engine
from intake.storage.outbox import Job
from intake.web.app import create_app
from tests.conftest import SECRET_KEY
from workers import jobs

PASSWORD = "an invented password"
WIDTHS = (360, 1280)
#: Chromium on a machine that is root, has no GPU and must speak to nobody.
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


@dataclass(frozen=True)
class House:
    """What a journey needs: where the pages are, and a way to let the workers work."""

    rt: Runtime
    address: str

    def work(self) -> int:
        """Carry out everything that is due, as the workers would. Returns how many promises were taken."""
        taken = 0
        while now := sum(jobs.carry_out(self.rt, job) for job in Job):
            taken += now
        return taken

    def work_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Work until something is so: what others do meanwhile (the gateway, the browser) may make more work."""
        give_up_at = time.monotonic() + 30
        while not is_so():
            assert time.monotonic() < give_up_at, f"waited in vain: {what}"
            if not self.work():
                time.sleep(0.05)

    def add_officer(self, username: str, regency: str | None) -> None:
        with self.rt.engine.begin() as connection:
            made = officers.add(
                connection,
                username=username,
                name=f"Petugas {username}",
                password=PASSWORD,
                role="regency" if regency else "central",
                regency=regency,
            )
        assert made is not None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """What reads pages for accessibility, installed once (``tools/node-packages``)."""
    root = Path(__file__).parents[2]
    subprocess.run([root / "tools" / "node-packages"], check=True, timeout=170, stdout=subprocess.DEVNULL)
    return root / "node_modules"


@pytest.fixture
def house(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[House]:
    """The web application with the lab on, served on a free port; and the stand-ins it speaks to. Other settings may be
    given as an indirect parameter.
    """
    port, api_port, mail_port = free_port(), free_port(), free_port()
    address = f"http://127.0.0.1:{port}"
    environ = {
        "DATABASE_URL": database_url,
        "PUBLIC_URL": address,
        "SAHUT_SECRET_KEYS": SECRET_KEY,
        "SAHUT_DATA": str(tmp_path),
        "SAHUT_EMBEDDED": "1",
        "SAHUT_LAB": "1",
        "SAHUT_FORM_LEAST_SECONDS": "0",
        "SMS_TWILIO_ACCOUNT_SID": "AC" + "0123456789abcdef" * 2,
        "SMS_TWILIO_AUTH_TOKEN": "invented-token-of-the-lab",
        "SMS_TWILIO_NUMBERS": "+628110001708",
        "SMS_TWILIO_API_URL": f"http://127.0.0.1:{api_port}/twilio",
        "EMAIL_MIME_SECRETS": "m" * 40,
        "EMAIL_REPLY_SECRET": "r" * 40,
        "EMAIL_ADDRESS": "lapor@sahut.test",
        "EMAIL_SMTP_URL": f"smtp://127.0.0.1:{mail_port}?tls=no",
        **getattr(request, "param", {}),
    }
    settings = Settings.from_environ(environ)
    engine = open_engine(settings.database_url)
    rt = Runtime(settings, engine, open_channels(environ, public_url=address))
    server = make_server("127.0.0.1", port, create_app(rt), threaded=True)
    stopping = threading.Event()
    threads = [
        threading.Thread(target=server.serve_forever, name="web"),
        threading.Thread(target=serve, args=(LabSettings.from_environ(environ), stopping.is_set), name="lab"),
    ]
    for thread in threads:
        thread.start()
    yield House(rt, address)
    stopping.set()
    server.shutdown()
    for thread in threads:
        thread.join()
    server.server_close()
    engine.dispose()


@pytest.fixture(scope="session")
def debugging_port() -> int:
    """Where another program may take hold of the browser: pa11y does."""
    return free_port()


@pytest.fixture(scope="session")
def chromium(debugging_port: int) -> Iterator[Browser]:
    """Debian's Chromium (``make debian`` installs it)."""
    program = shutil.which("chromium")
    assert program, "these tests need the Debian package chromium: make debian"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=[*_ARGUMENTS, f"--remote-debugging-port={debugging_port}"]
        )
        yield browser
        browser.close()


OpensPage = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[OpensPage]:
    """Opens a window of its own: ``open_page(width=360, javascript=True)``. A page's script error fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_one(
        *, width: int = 360, javascript: bool = True, dark: bool = False, position: tuple[float, float] | None = None
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800},
            java_script_enabled=javascript,
            locale="id-ID",
            color_scheme="dark" if dark else "light",
            geolocation={"latitude": position[0], "longitude": position[1]} if position else None,
            permissions=["geolocation"] if position else [],
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert errors == []
