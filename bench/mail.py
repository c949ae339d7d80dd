"""Mail: how well it is read, whether anything breaks it, and whether anything gets lost on the way.

    python bench/mail.py corpora              counts over the corpora (SAHUT_SHARED_DATA) and our own Indonesian replies
    python bench/mail.py fuzz [--minutes 10]  real letters, mutated, read until the time is over: no exception is allowed
    python bench/mail.py outage [--letters 2000] [--away 60]
                                              letters through a real Postfix while ``sahut lmtp`` is stopped and back

Without a word: the corpora, one minute of fuzz, and 500 letters with ten seconds of outage.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from channels.channel import Unreadable  # noqa: E402
from channels.mail_text import read_reply  # noqa: E402
from tests.channels.test_mail_hostile import parse  # noqa: E402
from tests.channels.test_mail_replies import CASES  # noqa: E402

MAILS = Path(os.environ.get("SAHUT_SHARED_DATA", ROOT.parent / "shared" / "data")) / "mails"
OWN = ROOT / "tests" / "channels" / "recorded" / "email_mime" / "in"


def show_corpora() -> None:
    letters = sorted(MAILS.rglob("*.eml"))
    started = time.perf_counter()
    broken = sum(not _is_read(file.read_bytes()) for file in letters)
    spent = time.perf_counter() - started
    print(f"letters read: {len(letters)}, exceptions: {broken}, {1000 * spent / max(1, len(letters)):.1f} ms each")
    bounces = sorted((MAILS / "bounces").glob("*.eml"))
    known = sum(parse(file.read_bytes(), "").automatic is not None for file in bounces)
    print(f"bounces recognised: {known}/{len(bounces)}")
    fates = Counter(str(_fate(file.read_bytes())) for file in bounces)
    print(f"what they say: {dict(fates.most_common())}")
    exact = losing = 0
    replies = sorted((MAILS / "replies" / "email").glob("*.txt"))
    for file in replies:
        wanted = (MAILS / "replies" / "trimmed" / file.name).read_text().split()
        read = read_reply(file.read_text()).split()
        exact += wanted == read
        losing += (Counter(wanted) - Counter(read)).total() > 0.05 * len(wanted)
    print(f"replies: exact {exact}/{len(replies)}, losing more than 5 % of their words {losing}/{len(replies)}")
    clean = 0
    for _, _, case in CASES:
        letter, _, kept = case.partition("--- kept\n")
        clean += read_reply(letter).split() == kept.split()
    print(f"Indonesian replies: clean {clean}/{len(CASES)}")


def _fate(raw: bytes) -> object:
    bounce = parse(raw, "").extra.get("bounce")
    return bounce["fate"] if isinstance(bounce, dict) else None


def _is_read(raw: bytes) -> bool:
    try:
        parse(raw, "")
    except Unreadable:
        return True
    except Exception as fault:  # noqa: BLE001 - this is what is looked for
        print(f"  {type(fault).__name__}: {fault}", file=sys.stderr)
        return False
    return True


def fuzz(minutes: float, *, seed: int) -> int:
    """Read mutated letters until the time is over. Returns how many of them raised."""
    chance = random.Random(seed)
    seeds = [file.read_bytes() for file in sorted([*MAILS.rglob("*.eml"), *OWN.glob("*.eml")])]
    end = time.monotonic() + minutes * 60
    read = raised = 0
    slowest = 0.0
    while time.monotonic() < end:
        raw = _mutate(chance.choice(seeds), seeds, chance)
        started = time.perf_counter()
        if not _is_read(raw):
            raised += 1
            place = Path(f"fuzz-{raised}.eml")
            place.write_bytes(raw)
            print(f"  kept as {place}", file=sys.stderr)
        slowest = max(slowest, time.perf_counter() - started)
        read += 1
    print(f"fuzz: seed {seed}, {minutes:g} min, {read} letters, {raised} exceptions, slowest {slowest:.2f} s")
    return raised


_TOKENS = (
    b"\x00", b"\xff\xfe", b"\r", b"\n", b"\r\n\r\n", b"--", b"=?utf-8?B?", b"=?x?Q?=", b"?=", b"charset=", b"boundary=",
    b"Content-Type: multipart/mixed; boundary=x\n", b"Content-Transfer-Encoding: base64\n", b"Content-Type: text/html\n",
    b"Content-Type: message/rfc822\n\n", b"Content-Type: message/delivery-status\n\n", b"*0*=utf-8''%", b"<blockquote>",
    b"<!--", b"&#", b"Authentication-Results: ", b"dkim=pass header.d=", b"> ", b"Pada 1 menulis:\n", b"Dari: x\n",
    b"\xff\xd8\xffExif\x00\x00", b"Action: failed\n", b"Status: 5.1.1\n", b"\xed\xa0\x80", b"(" * 500, b"<" * 500,
    b";" * 500,
)  # fmt: skip


def _mutate(raw: bytes, seeds: list[bytes], chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 12)):
        place = chance.randrange(len(raw) + 1)
        length = chance.choice((0, 1, 4, 40, 400))
        match chance.randrange(6):
            case 0:
                raw = raw[:place] + chance.choice(_TOKENS) + raw[place:]
            case 1:
                raw = raw[:place] + raw[place + length :]
            case 2:
                raw = raw[:place] + bytes(chance.randrange(256) for _ in range(8)) + raw[place + 8 :]
            case 3:
                raw = raw[:place] + raw[place : place + length] * chance.randint(2, 30) + raw[place + length :]
            case 4:
                other = chance.choice(seeds)
                start = chance.randrange(len(other) + 1)
                raw = raw[:place] + other[start : start + 2000] + raw[place:]
            case _:
                lines = raw.split(b"\n")
                first, second = chance.randrange(len(lines)), chance.randrange(len(lines))
                lines[first], lines[second] = lines[second], lines[first]
                raw = b"\n".join(lines)
    return raw[:300_000] or b"\n"


def lose_nothing(letters: int, away_seconds: float) -> int:
    """Send letters through a real Postfix; ``sahut lmtp`` is stopped in the middle. Returns how many are missing."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine import make_url

    from channels.registry import open_channels
    from intake import logs
    from intake.embedded import temporary_postgres
    from intake.runtime import Runtime
    from intake.storage.database import open_engine
    from intake.storage.migrate import upgrade
    from tests.conftest import settings_for
    from tests.mail.house import taking_lmtp, with_mailboxes
    from tests.mail.servers import open_folder, running_postfix

    logs.configure("warning")
    with temporary_postgres() as server, open_folder() as folder, running_postfix(folder) as postfix:
        admin = create_engine(server.url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text("create database bench"))
        admin.dispose()
        url = make_url(server.url).set(database="bench").render_as_string(hide_password=False)
        upgrade(url)
        settings = settings_for(url)
        engine = open_engine(settings.database_url)
        rt = with_mailboxes(Runtime(settings, engine, open_channels({}, public_url=settings.public_url)))

        def send(number: int) -> None:
            words = f"Jalan rusak nomor {number}, Kabupaten Muara Enim"
            postfix.send(to="lapor@lapor.test", text=words, sender=f"w{number}@example.id")

        def reports() -> int:
            with engine.connect() as connection:
                return int(connection.execute(text("select count(*) from report")).scalar_one())

        started = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            with taking_lmtp(rt, postfix.lmtp_port):
                list(pool.map(send, range(letters // 4)))
            stopped, known = time.monotonic(), reports()
            list(pool.map(send, range(letters // 4, letters)))
            time.sleep(max(0.0, away_seconds - (time.monotonic() - stopped)))
        away = time.monotonic() - stopped
        print(f"stopped for {away:.0f} s with {known} reports; {postfix.waiting()} letters wait in Postfix")
        with taking_lmtp(rt, postfix.lmtp_port):
            back = time.monotonic()
            while reports() < letters and time.monotonic() - back < 300:
                postfix.try_again()
                time.sleep(1)
            caught_up = time.monotonic() - back
        kept = reports()
        with engine.connect() as connection:
            messages = int(connection.execute(text("select count(*) from message")).scalar_one())
        engine.dispose()
    spent = time.monotonic() - started
    print(f"outage: {letters} letters sent, {kept} reports, {messages} messages")
    print(f"caught up in {caught_up:.0f} s, {spent:.0f} s in all")
    return letters - kept


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("what", nargs="?", choices=("corpora", "fuzz", "outage"))
    told.add_argument("--minutes", type=float)
    told.add_argument("--seed", type=int, default=int(time.time()))
    told.add_argument("--letters", type=int)
    told.add_argument("--away", type=float)
    given = told.parse_args()
    wrong = 0
    if given.what in {None, "corpora"}:
        show_corpora()
    if given.what in {None, "fuzz"}:
        wrong += fuzz(given.minutes or (1 if given.what is None else 10), seed=given.seed)
    if given.what in {None, "outage"}:
        short = given.what is None
        wrong += abs(lose_nothing(given.letters or (500 if short else 2000), given.away or (10 if short else 60)))
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
