"""The long storm: blow after blow while citizens of every channel write, and a proof after every fifty.

    python -m tests.chaos [--rounds 1000] [--seed 7] [--per-second 4] [--json]      (or: make chaos)

A round is one blow. Exit code 0: nothing lost, nothing double; 1: something was, and its lines say what.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import psycopg

from tests.chaos.checker import Proof, is_settled, prove
from tests.chaos.citizens import Crowd, NobodyTookIt, Sent
from tests.chaos.house import StruckHouse, possible_blows, struck_house

ROUNDS_A_PROOF = 50
SETTLE_SECONDS = 180.0


def main() -> int:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--rounds", type=int, default=1000)
    wanted.add_argument("--seed", type=int, default=int(time.time()))
    wanted.add_argument("--per-second", type=float, default=4.0)
    wanted.add_argument("--json", action="store_true")
    asked = wanted.parse_args()
    dice = random.Random(asked.seed)
    say(f"seed {asked.seed}")
    done: Counter[str] = Counter()
    sent: list[Sent] = []
    proof = Proof(0)
    with struck_house(dice) as house:
        blows = possible_blows(house)
        for start in range(0, asked.rounds, ROUNDS_A_PROOF):
            rounds = min(ROUNDS_A_PROOF, asked.rounds - start)
            began = time.monotonic()
            crowd = Crowd(house, first=len(sent) + 1)
            crowd.start(asked.per_second)
            for _ in range(rounds):
                blow = dice.choice(blows)
                blow(house)
                done[blow.__name__] += 1
                for ended in house.tend():
                    say(f"{ended}, at {blow.__name__}")
                    done[ended] += 1
                time.sleep(dice.uniform(0.1, 1.0))
            try:
                sent += crowd.stop()
            except NobodyTookIt as refused:
                say(f"nobody took {refused}; what the house had to say lies in {keep_evidence(house)}")
                return 1
            proof = settle(house, sent)
            say(f"{start + rounds} rounds, {len(sent)} messages, {len(proof.lost)} lost, {len(proof.double)} double, "
                f"{proof.in_the_gap} in the gap; this part {time.monotonic() - began:.0f} s")  # fmt: skip
            if not proof.holds:
                say(f"what the house had to say lies in {keep_evidence(house)}")
                break
    if asked.json:
        sys.stdout.write(json.dumps({"seed": asked.seed, "blows": dict(done), **asdict(proof)}) + "\n")
    for line in (*proof.lost[:50], *proof.double[:50]):
        say(line)
    return 0 if proof.holds else 1


def settle(house: StruckHouse, sent: list[Sent]) -> Proof:
    """Wait until all is answered, or patience ends; then look. What is wrong is looked at once more a little later."""
    end = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < end and not is_settled(house, sent):
        for ended in house.tend():
            say(ended)
        time.sleep(0.5)
    while True:
        proof = prove(house, sent)
        if proof.holds or proof.double or time.monotonic() > end:
            return proof
        time.sleep(1)


def keep_evidence(house: StruckHouse) -> Path:
    """The logs and what the database is busy with, in a folder that stays."""
    folder = Path(tempfile.mkdtemp(prefix="sahut-chaos-"))
    for log in house.data.glob("*.log"):
        shutil.copy(log, folder)
    questions = {
        "outbox": "select job, attempts, due_at - now(), parked_at, held_until - now(), last_error from outbox limit 500",
        "activity": "select pid, state, wait_event, now() - xact_start, left(query, 300) from pg_stat_activity",
        "schema": "select * from alembic_version",
    }
    for name, question in questions.items():
        with suppress(psycopg.Error):
            lines = [" | ".join(str(value) for value in row) for row in house.ask(question)]
            (folder / f"{name}.txt").write_text("\n".join(lines), encoding="utf-8")
    alive = {name: [process.poll() for process in group] for name, group in house.processes.items()}
    (folder / "processes.txt").write_text(str(alive), encoding="utf-8")
    return folder


def say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
