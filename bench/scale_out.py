"""The house on five hosts (network namespaces): one dies, one is cut off, and what more workers bring.

    python -m bench.scale_out [--per-second 8] [--messages 1500] [--share 0.25] [--only cut,death,workers] [--json]

PostgreSQL and Valkey on one host, web on two behind a load balancer, relay and worker on two; citizens and providers
outside. As root, with iproute2.

* cut: a web host loses its cable while it takes messages; then only its way to the database, while callers still reach
  it: what it takes then lies on its disk until the way is back.
* death: a worker host loses its power in the middle of a transaction that locks a table. Printed with it: the longest
  time in which nobody was answered.
* workers: a backlog is decided by 1, 2 and 3 worker hosts. Each may use ``--share`` of a processor, as a small machine
  would, so that three of them and the database fit on this one; on a machine that is too busy to give them that, the
  ratios are too low. PostgreSQL is on the host ``data``, fsync on. Processor time a message, of the workers and of the
  servers, tells where the limit lies: it is the database's when all processors of its host are used.

The proof of the first two is that of ``make chaos``: what citizens sent against what providers and the regency's system
got. Exit code 0: nothing lost, nothing double; 1: something was; 2: no hosts may be made here.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Final

import psycopg

from bench.drain import OUR_NUMBER, ROOT, check, fill, watch
from tests.chaos.__main__ import settle
from tests.chaos.checker import Proof
from tests.chaos.citizens import Crowd, Sent
from tests.chaos.hosts import hosts_may_be_made, network
from tests.chaos.providers import Outside
from tests.chaos.spread import SpreadHouse, data_host, spread_house

KINDS: Final = ("cut", "death", "workers")
_DEATH_SECONDS: Final = 20.0
_CUT_SECONDS: Final = 5.0
#: Longer than a statement waits for a database that is silent (ten seconds).
_WITHOUT_DATABASE_SECONDS: Final = 14.0
_PERIOD_MICROSECONDS: Final = 100_000


def let_a_worker_host_die(house: SpreadHouse, per_second: float, sent: list[Sent]) -> Proof:
    """Adds to ``sent``. Half a minute: what is locked stays so until PostgreSQL misses the host."""
    crowd = Crowd(house, first=len(sent) + 1)
    crowd.start(per_second)
    time.sleep(2)
    with house.holding("work-a", "decision"):
        house.lose_power("work-a")
        time.sleep(_DEATH_SECONDS)
        sent += crowd.stop()
        return settle(house, sent)


def cut_a_web_host_off(house: SpreadHouse, per_second: float, sent: list[Sent]) -> tuple[int, Proof]:
    """Adds to ``sent``. The first: how many requests lay on the host's disk at most."""
    crowd = Crowd(house, first=len(sent) + 1)
    crowd.start(per_second)
    host, data = house.host("web-a"), house.host("data")
    time.sleep(2)
    host.cut_off()
    time.sleep(_CUT_SECONDS)
    host.join_again()
    time.sleep(2)
    host.lose_the_way_to(data)
    end, spooled = time.monotonic() + _WITHOUT_DATABASE_SECONDS, 0
    while time.monotonic() < end:
        spooled = max(spooled, house.spooled("web-a"))
        time.sleep(0.2)
    host.find_the_way_to(data)
    sent += crowd.stop()
    return spooled, settle(house, sent)


@contextmanager
def small_host(share: float) -> Iterator[Path | None]:
    """The control group of a machine that has so much of a processor; None where there are no control groups."""
    version_1 = Path("/sys/fs/cgroup/cpu")
    group = (version_1 if version_1.is_dir() else Path("/sys/fs/cgroup")) / f"sahut-{secrets.token_hex(3)}"
    try:
        group.mkdir()
        quota = int(_PERIOD_MICROSECONDS * share)
        if version_1.is_dir():
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (group / "cpu.max").write_text(f"{quota} {_PERIOD_MICROSECONDS}")
    except OSError:
        with suppress(OSError):
            group.rmdir()
        yield None
        return
    try:
        yield group
    finally:
        for _ in range(50):
            with suppress(OSError):
                group.rmdir()
                break
            time.sleep(0.1)


def count_with_workers(messages: int, share: float) -> dict[str, object]:
    """Messages a second by 1, 2 and 3 worker hosts."""
    found: dict[str, object] = {}
    names = ("w1", "w2", "w3")
    with ExitStack() as stack:
        place = Path(tempfile.mkdtemp(prefix="sahut-"))
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        place.chmod(0o711)
        net = stack.enter_context(network("data", *names))
        outside = stack.enter_context(Outside(host=net.outside))
        direct, servers = stack.enter_context(data_host(place, net.hosts["data"], outside, durable=True))
        rates = []
        for count in (1, 2, 3):
            database = f"with_{count}"
            with psycopg.connect(direct.replace("+psycopg", ""), dbname="postgres", autocommit=True) as connection:
                connection.execute(f"create database {database} template sahut".encode())
            here = direct.replace("/sahut?", f"/{database}?")
            environ = {
                **os.environ, "SAHUT_LOG_LEVEL": "error", "PUBLIC_URL": "http://127.0.0.1:8080",
                "DATABASE_URL": f"postgresql+psycopg://sahut@{net.hosts['data'].address}:5432/{database}",
                "REDIS_URL": f"redis://{net.hosts['data'].address}:6379/0", "SAHUT_SECRET_KEYS": "0" * 40,
                "SAHUT_DATA": str(place / "files"), "SMS_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
                "SMS_TWILIO_AUTH_TOKEN": "1" * 32, "SMS_TWILIO_NUMBERS": OUR_NUMBER,
            }  # fmt: skip
            fill(here, messages)
            with ExitStack() as running:
                pids = []
                for name in names[:count]:
                    group = running.enter_context(small_host(share))
                    pids.append(running.enter_context(_worker(net.hosts[name].command, environ, group)))
                run = watch(here, messages, pids, [each.pid for each in servers])
            if run.finished:
                check(here, messages)
            rates.append(run.a_second)
            found[f"{count} workers"] = {
                "a_second": round(run.a_second, 1), "ratio": round(run.a_second / rates[0], 2),
                "worker_ms": round(run.workers_ms, 2), "servers_ms": round(run.servers_ms, 2), "finished": run.finished,
            }  # fmt: skip
            found.setdefault("each worker limited", group is not None)
    return found


@contextmanager
def _worker(command: Callable[..., list[str]], environ: dict[str, str], group: Path | None) -> Iterator[int]:
    process = subprocess.Popen(
        command(sys.executable, "-m", "bench.apps.drain.with_sahut"), cwd=ROOT, env=environ, start_new_session=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    if group is not None:
        (group / "cgroup.procs").write_text(str(process.pid))
    try:
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-second", type=float, default=8)
    parser.add_argument("--messages", type=int, default=1500)
    parser.add_argument("--share", type=float, default=0.25)
    parser.add_argument("--only", type=lambda said: said.split(","), default=list(KINDS))
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    if not hosts_may_be_made():
        print("no network namespaces may be made here: run it as root, with iproute2", file=sys.stderr)
        return 2
    results: dict[str, object] = {}
    proof = Proof(0)
    if {"death", "cut"} & set(wanted.only):
        with spread_house() as house:
            sent: list[Sent] = []
            if "cut" in wanted.only:
                spooled, proof = cut_a_web_host_off(house, wanted.per_second, sent)
                results["cut"] = {**asdict(proof), "on_its_disk_at_most": spooled}
            if "death" in wanted.only and proof.holds:
                proof = let_a_worker_host_die(house, wanted.per_second, sent)
                moments = sorted(each.at for each in house.outside.all_given())
                longest = max(later - earlier for earlier, later in pairwise(moments))
                results["death"] = {**asdict(proof), "longest_silence_s": round(longest, 1)}
    if "workers" in wanted.only:
        results["workers"] = count_with_workers(wanted.messages, wanted.share)
    if wanted.json:
        print(json.dumps(results))
    else:
        for what, figures in results.items():
            print(f"{what:10} {figures}")
    return 0 if proof.holds else 1


if __name__ == "__main__":
    sys.exit(main())
