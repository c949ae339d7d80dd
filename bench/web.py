"""What the citizen's pages weigh, how quickly they are made, and what Lighthouse says of the form.

    python bench/web.py [--rounds 200] [--no-lighthouse]

The web application over an embedded PostgreSQL, served as in production (granian, one worker). Weights are bytes on the
line with ``Accept-Encoding: gzip``; times are of one caller on this machine, without a network. Lighthouse (installed
into ``build/lighthouse`` from npm at the first run) simulates a slow phone; it needs Debian's Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from intake.embedded import temporary_postgres  # noqa: E402
from intake.storage.migrate import upgrade  # noqa: E402
from tests.journeys.house import free_port  # noqa: E402

LIGHTHOUSE = ROOT / "build" / "lighthouse"
LIGHTHOUSE_VERSION = "13.5.0"
TEXT = "Jalan di Desa Tegal Rejo Kecamatan Lawang Kidul Muara Enim rusak parah, sudah tiga bulan berlubang."
CATEGORIES = ("accessibility", "performance", "best-practices")


@contextmanager
def serving() -> Iterator[str]:
    """The address of a running web application."""
    with temporary_postgres() as server, tempfile.TemporaryDirectory() as data:
        upgrade(server.url)
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        environ = {
            **os.environ,
            "DATABASE_URL": server.url,
            "PUBLIC_URL": address,
            "SAHUT_SECRET_KEYS": "k" * 40,
            "SAHUT_DATA": data,
            "SAHUT_FORM_PER_HOUR": "0",
            "SAHUT_FORM_LEAST_SECONDS": "0",
            "SAHUT_LOG_LEVEL": "error",
        }
        command: list[str | Path] = [
            Path(sys.executable).with_name("granian"), "--interface", "wsgi", "--workers", "1", "--port", str(port),
            "--no-ws", "--blocking-threads", "8", "--log-level", "error", "intake.web.wsgi:app",
        ]  # fmt: skip
        web = subprocess.Popen(command, cwd=ROOT, env=environ)
        try:
            wait_for(address)
            yield address
        finally:
            web.terminate()
            web.wait(timeout=20)


def wait_for(address: str) -> None:
    for _ in range(200):
        try:
            requests.get(f"{address}/healthz", timeout=1)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    sys.exit("the web application did not start")


def weigh(address: str) -> None:
    """Print what the first visit to the form costs on the line."""
    parts = {}
    page = requests.get(f"{address}/lapor", headers={"Accept-Encoding": "gzip"}, timeout=10)
    for part in ["/lapor", *sorted(set(re.findall(r'(?:src|href)="(/static/[^"]*)"', page.text)))]:
        got = requests.get(address + part, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=10)
        parts[part] = len(got.raw.read(decode_content=False))
    for part, size in parts.items():
        print(f"{part:28} {size:7,} bytes")
    print(f"{'the form, first visit':28} {sum(parts.values()):7,} bytes")


def hidden_fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page))


def measure(address: str, rounds: int) -> None:
    """Print how long each step takes, as the middle and the 95th of a hundred."""
    times: dict[str, list[float]] = {}

    def timed(name: str, method: str, path: str, **more: object) -> requests.Response:
        began = time.perf_counter()
        answer = caller.request(method, address + path, timeout=30, allow_redirects=False, **more)  # type: ignore[arg-type]
        times.setdefault(name, []).append(1000 * (time.perf_counter() - began))
        return answer

    caller = requests.Session()
    caller.get(f"{address}/wilayah/cari?q=muara", timeout=30)  # the index of names is made at the first search
    for number in range(rounds):
        first = timed("the form", "GET", "/lapor")
        fields = {**hidden_fields(first.text), "text": f"{TEXT} {number}"}
        second = timed("how we read it", "POST", "/lapor/periksa", data=fields)
        place = re.search(r'name="place" value="([^"]*)" checked', second.text)
        sent = timed(
            "sent and kept",
            "POST",
            "/lapor",
            data={**fields, **hidden_fields(second.text), "place": place and place[1]},
        )
        if sent.status_code != 303:
            sys.exit(f"not kept: {sent.status_code}")
        timed("its page", "GET", sent.headers["Location"])
        timed("a place searched", "GET", f"/wilayah/cari?q=suka{chr(97 + number % 26)}")
    for name, found in times.items():
        found.sort()
        print(f"{name:28} {statistics.median(found):7.1f} ms   p95 {found[int(0.95 * len(found))]:7.1f} ms")


def run_lighthouse(address: str) -> None:
    """Print the scores of the form and of the public pages."""
    chromium = shutil.which("chromium")
    if chromium is None or shutil.which("npm") is None:
        print("Lighthouse needs chromium and npm")
        return
    if not (LIGHTHOUSE / "node_modules" / ".bin" / "lighthouse").exists():
        LIGHTHOUSE.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error",
             f"lighthouse@{LIGHTHOUSE_VERSION}"],
            cwd=LIGHTHOUSE, check=True, env={**os.environ, "PUPPETEER_SKIP_DOWNLOAD": "1"},
        )  # fmt: skip
    for path in ("/lapor", "/", "/cara"):
        done = subprocess.run(
            [LIGHTHOUSE / "node_modules" / ".bin" / "lighthouse", address + path, "--quiet", "--output=json",
             f"--only-categories={','.join(CATEGORIES)}", "--chrome-flags=--headless=new --no-sandbox --disable-gpu"],
            capture_output=True, text=True, check=True, env={**os.environ, "CHROME_PATH": chromium},
        )  # fmt: skip
        read = json.loads(done.stdout)
        scores = "  ".join(f"{name} {100 * read['categories'][name]['score']:.0f}" for name in CATEGORIES)
        print(f"Lighthouse {path:17} {scores}")
        for audit in read["audits"].values():
            if audit.get("score") == 0 and audit["scoreDisplayMode"] == "binary":
                print(f"    {audit['id']}")


def main() -> int:
    """Weigh, measure, and ask Lighthouse."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=200)
    options.add_argument("--no-lighthouse", action="store_true")
    given = options.parse_args()
    with serving() as address:
        weigh(address)
        measure(address, given.rounds)
        if not given.no_lighthouse:
            run_lighthouse(address)
    return 0


if __name__ == "__main__":
    sys.exit(main())
