"""The documents say what is true: links lead somewhere, commands and variables exist, the example works."""

from __future__ import annotations

import functools
import json
import re
import shlex
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import HTTPServer
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import click
import pytest

from channels.channel import SendFailed
from channels.desks.desk import HandOver, Happening
from channels.desks.webhook import IDEMPOTENCY_HEADER, WebhookDesk, describe, describe_happening
from channels.registry import CHANNELS, DESKS
from channels.signing import OLDEST_SIGNATURE_SECONDS, SIGNATURE_HEADER, sign
from intake.cli import COMMANDS, main
from intake.domain.report import State
from intake.storage.handovers import Event
from intake.understand.classify import TYPES, URGENCIES

ROOT = Path(__file__).parents[1]
_NOT_OURS = {".venv", "data", "build", "node_modules", ".git", ".pytest_cache", ".mypy_cache", ".ruff_cache"}
PAGES = sorted(path for path in ROOT.rglob("*.md") if not _NOT_OURS & set(path.relative_to(ROOT).parts[:1]))
DOCUMENTS = [path for path in PAGES if path.parts[len(ROOT.parts)] == "docs" or path.parent == ROOT]
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
EVERY_DOCUMENT = pytest.mark.parametrize("page", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:^(?: {4}|\t).*\n?)+", re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+)`")


def prose_of(page: Path) -> str:
    """The page without its code blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def code_of(page: Path) -> list[str]:
    """Every piece of code on a page: the lines of its blocks (continued ones joined), and what stands in backticks."""
    text = page.read_text(encoding="utf-8")
    blocks = [found[2] for found in _FENCE.finditer(text)]
    rest = _FENCE.sub("", text)
    blocks += _INDENTED.findall(rest)
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line] + _INLINE.findall(rest)


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, made as the usual viewers make them."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# --- links ---


@EVERY_PAGE
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(page)):
        if urlsplit(target).scheme:
            assert target.startswith("https://"), target
            continue
        name, _, anchor = target.partition("#")
        place = (page.parent / name).resolve() if name else page
        assert place.exists(), target
        if anchor:
            assert anchor in anchors_of(place), target


def test_the_decisions_are_counted_without_a_gap_and_each_is_whole() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04d}" for number in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert re.match(rf"# 0*{int(page.name[:4])}[.:] ", text), page.name
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], page.name


def test_the_picture_is_whole_and_asks_nobody() -> None:
    picture = ROOT / "docs" / "path-of-a-report.svg"
    tree = ET.parse(picture).getroot()
    assert {"title", "desc"} <= {child.tag.rpartition("}")[2] for child in tree}
    drawn = picture.read_text(encoding="utf-8")
    assert "prefers-color-scheme: dark" in drawn
    assert not re.search(r"<script|href=|@import|url\((?!#)", drawn)


# --- commands, targets, variables ---


def split_command(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return line.split()


def commands_in(line: str) -> Iterator[list[str]]:
    """What stands behind each ``sahut`` that is called in a line of code."""
    for part in re.split(r"[|;&]+", line):
        words = split_command(part)
        for place, word in enumerate(words):
            called = word == "sahut" or word.endswith("/bin/sahut")
            first = place == 0 or words[place - 1] in {"then", "exec", "sudo"} or "=" in words[place - 1]
            if called and first and words[place + 1 :]:
                yield words[place + 1 :]
                break


def check_command(words: list[str]) -> None:
    """Fail unless these words name a command of ours, and only options that it has."""
    command: click.Command = main
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        if command is main and name == "COMMAND":
            return
        if command is main:
            assert name in COMMANDS, words
            if not rest:
                return  # named only: need not be loaded
        found = command.get_command(click.Context(command), name)
        assert found is not None, words
        command = found
    known = {option for parameter in command.params for option in parameter.opts} | {"--help", "--version"}
    assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= known, words


@EVERY_DOCUMENT
def test_every_command_named_exists(page: Path) -> None:
    for line in code_of(page):
        for words in commands_in(line):
            check_command(words)


def test_the_check_of_commands_would_notice() -> None:
    for wrong in ("sahut fly", "sahut parked --loud", "sahut user remove siti", "DATABASE_URL=x sahut fly now"):
        (words,) = commands_in(wrong)
        with pytest.raises(AssertionError):
            check_command(words)


def test_the_readme_lists_every_command_as_help_does() -> None:
    table = re.findall(
        r"^\| `sahut ([\w-]+)` \| (.+) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert table == [(name, COMMANDS[name][2]) for name in sorted(COMMANDS)]


def test_the_readme_lists_every_channel_that_can_be_opened() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("### Channels")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(CHANNELS)


def test_every_kind_of_desk_is_described() -> None:
    described = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    for kind in DESKS:
        assert re.search(rf"^    sahut desk [\d.]+ {kind} ", described, re.MULTILINE), kind


@EVERY_DOCUMENT
def test_every_make_target_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for line in code_of(page):
        for target in re.findall(r"^make ([a-z-]+)", line):
            assert target in targets, line


@functools.cache
def known_variables() -> frozenset[str]:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    procfile = (ROOT / "Procfile").read_text(encoding="utf-8")
    return frozenset(
        re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", example, re.MULTILINE) + re.findall(r"\$\{([A-Z_]+)", procfile)
    )


@EVERY_DOCUMENT
def test_every_variable_named_is_in_the_example(page: Path) -> None:
    families = {name.partition("_")[0] for name in known_variables()}
    shape = re.compile(rf"\b(?:{'|'.join(sorted(families))})_[A-Z][A-Z_]*\b")
    for line in code_of(page):
        for name in shape.findall(line):
            assert name in known_variables() or f"{name}*" in line, f"{name} in: {line}"


def test_the_check_of_variables_would_notice() -> None:
    assert {"DATABASE_URL", "SAHUT_SECRET_KEYS", "EMAIL_ADDRESS", "PORT"} <= known_variables()
    assert "SAHUT_SECRET" not in known_variables()


#: Where a path of the documents may begin: standard folders of every Debian, and our own pages.
_FOLDERS = {"etc", "usr", "var", "opt", "bin", "run", "dev"}
_OWN_PAGES = {"hooks", "lapor", "lacak", "statistik", "meja", "lab", "healthz", "metrics", "readyz", "masuk"}


@EVERY_PAGE
def test_no_path_of_somebodys_machine(page: Path) -> None:
    text = re.sub(r"https?://[^\s)`>\"']+", "", page.read_text(encoding="utf-8"))
    for found in re.finditer(r"(?<![\w.}*>)/-])/(\w+)", text):
        assert found[1] in _FOLDERS | _OWN_PAGES, found[0]


# --- the words ---


def test_the_glossary_explains_every_state_type_and_urgency() -> None:
    explained = set(
        re.findall(r"^\| `(\w+)` \| .{5,} \|$", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.MULTILINE)
    )
    assert {str(state) for state in State} | set(TYPES) | set(URGENCIES) <= explained


# --- the example of the desk webhook ---

SECRET = "rahasia-yang-panjang"
REPORT = HandOver(
    id="7K3-QX4M-12",
    reference="7K3-QX4M",
    regency="16.03",
    regency_name="Kabupaten Muara Enim",
    received_at=datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC),
    channel="sms_twilio",
    type="pengaduan",
    topic="INF.01",
    topic_name="Jalan rusak / berlubang",
    urgency="sedang",
    subject="",
    text="Jln berlubang di desa Tegal Rejo kec Lawang Kidul, sdh 2 bln blm diperbaiki",
    location="16.03.07.2004, 16.03.07, 16.03",
    unit="Dinas Pekerjaan Umum dan Penataan Ruang",
    secret=False,
    link="https://lapor.example.go.id/meja/7K3-QX4M",
)
HAPPENING = Happening(
    id="7K3-QX4M-15",
    event="added",
    reference="7K3-QX4M",
    regency="16.03",
    regency_name="Kabupaten Muara Enim",
    their_id="OUR-1",
    happened_at=datetime(2026, 11, 21, 9, 10, 11, tzinfo=UTC),
    text="Lubangnya di depan masjid",
    score=None,
    secret=False,
    link="https://lapor.example.go.id/meja/7K3-QX4M",
)
NOW = 1_795_000_000.0


def blocks_of(language: str) -> list[str]:
    text = (ROOT / "docs" / "desk-webhook.md").read_text(encoding="utf-8")
    return [found[2] for found in _FENCE.finditer(text) if found[1] == language]


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@contextmanager
def example_running(clock: Callable[[], float]) -> Iterator[tuple[Any, int]]:
    """The receiver of the page behind a real HTTP server: (receiver, port)."""
    written: dict[str, Any] = {}
    exec(compile(blocks_of("python")[0], "desk-webhook.md", "exec"), written)
    receiver = written["Receiver"](SECRET, clock)
    server = HTTPServer(("127.0.0.1", 0), written["make_handler"](receiver))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver, int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def desk_at(port: int, clock: Callable[[], float], secret: str = SECRET) -> WebhookDesk:
    return WebhookDesk(f"http://127.0.0.1:{port}/masuk", secret, allow_loopback=True, unix_seconds=clock)


def post(port: int, body: bytes, signature: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/masuk", body, {SIGNATURE_HEADER: signature, IDEMPOTENCY_HEADER: REPORT.id})
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_example_takes_what_we_send_and_gives_its_own_number() -> None:
    clock = Clock(NOW)
    with example_running(clock) as (receiver, port):
        desk = desk_at(port, clock)
        assert desk.hand_over(REPORT).external_id == "OUR-1"
        assert desk.hand_over(replace(REPORT, id="7K3-QX4M-13")).external_id == "OUR-2"
        assert receiver.taken == {"7K3-QX4M-12": "OUR-1", "7K3-QX4M-13": "OUR-2"}


def test_the_example_takes_our_retry_once() -> None:
    clock = Clock(NOW)
    with example_running(clock) as (receiver, port):
        desk = desk_at(port, clock)
        desk.hand_over(REPORT)
        clock.now += 2  # the shortest wait before a retry
        assert desk.hand_over(REPORT).external_id == "OUR-1"
        assert len(receiver.taken) == 1


def test_the_example_takes_an_event_once_and_no_new_report_from_it() -> None:
    clock = Clock(NOW)
    with example_running(clock) as (receiver, port):
        desk = desk_at(port, clock)
        desk.hand_over(REPORT)
        assert desk.tell(HAPPENING).external_id == "OUR-1"
        clock.now += 2
        desk.tell(HAPPENING)
        desk.tell(replace(HAPPENING, id="7K3-QX4M-16", event="withdrawn", text=""))
        assert receiver.taken == {"7K3-QX4M-12": "OUR-1"}
        assert receiver.happened == {
            "7K3-QX4M-15": ("report.added", "7K3-QX4M"), "7K3-QX4M-16": ("report.withdrawn", "7K3-QX4M"),
        }  # fmt: skip


def test_every_event_is_on_the_page() -> None:
    page = (ROOT / "docs" / "desk-webhook.md").read_text(encoding="utf-8")
    named = set(re.findall(r"[`\"](report\.[a-z_]+)[`\"]", page)) - {"report.id"}
    assert named == {f"report.{event}" for event in get_args(Event)}


def test_the_example_refuses_what_was_changed() -> None:
    clock = Clock(NOW)
    body = json.dumps(describe(REPORT)).encode()
    signature = sign(body, secret=SECRET, at=NOW)
    with example_running(clock) as (receiver, port):
        assert post(port, body.replace(b"sedang", b"rendah"), signature) == 403
        assert post(port, body, signature.replace(str(int(NOW)), str(int(NOW) + 1))) == 403
        assert post(port, body, "") == 403
        with pytest.raises(SendFailed) as refused:
            desk_at(port, clock, secret="a-secret-of-somebody-else").hand_over(REPORT)
        assert refused.value.kind == "permanent"
        assert receiver.taken == {}
        assert post(port, body, signature) == 200


def test_the_example_refuses_what_is_old() -> None:
    body = json.dumps(describe(REPORT)).encode()
    signature = sign(body, secret=SECRET, at=NOW)
    with example_running(Clock(NOW + OLDEST_SIGNATURE_SECONDS + 1)) as (receiver, port):
        assert post(port, body, signature) == 403
        assert receiver.taken == {}
    with example_running(Clock(NOW + OLDEST_SIGNATURE_SECONDS)) as (_, port):
        assert post(port, body, signature) == 200


def test_the_example_refuses_a_repeated_request_so_that_ours_would_come_again() -> None:
    clock = Clock(NOW)
    body = json.dumps(describe(REPORT)).encode()
    signature = sign(body, secret=SECRET, at=NOW)
    with example_running(clock) as (receiver, port):
        assert post(port, body, signature) == 200
        assert post(port, body, signature) == 425
        with pytest.raises(SendFailed) as later:
            desk_at(port, clock).hand_over(REPORT)  # within the same second our bytes are the same
        assert later.value.retryable
        clock.now += OLDEST_SIGNATURE_SECONDS
        assert post(port, body, signature) == 425
        assert len(receiver.taken) == 1


def test_the_page_shows_what_is_really_sent() -> None:
    shown, happening = blocks_of("json")
    assert json.loads(happening) == describe_happening(HAPPENING)
    assert json.loads(shown) == describe(REPORT)
    described = (ROOT / "docs" / "desk-webhook.md").read_text(encoding="utf-8")
    table = described.partition("| field | meaning |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", table)) == set(describe(REPORT)["report"])
