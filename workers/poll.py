"""Asks the channels nobody calls us from: ``python -m workers.poll`` (a SIM modem's daemon writes into its own tables).

Ask, commit, mark as taken: a crash in between gives a message twice, and its external id tells. A gateway that does not
answer, or our own database away, is asked again; nothing is marked that was not committed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Final

from channels.channel import Channel, Misconfigured, Polls, Unreachable
from intake import delivery, logs
from intake.receive import receive_polled
from intake.runtime import Runtime, open_runtime
from intake.storage.database import Unavailable
from intake.supervise import Wish

log = logs.get("poll")

EVERY_SECONDS: Final = 2.0
AT_ONCE: Final = 100


def polled(rt: Runtime) -> Iterator[tuple[str, Channel, Polls]]:
    """The channels that have to be asked."""
    for name, channel in rt.channels.items():
        if isinstance(channel, Polls):
            yield name, channel, channel


def poll_once(rt: Runtime) -> int:
    """Take what waits at every polled channel. Returns how many messages and reports were taken."""
    taken = 0
    for name, _, source in polled(rt):
        try:
            for waiting in source.waiting_messages(limit=AT_ONCE):
                receive_polled(rt, name, waiting.message)
                source.mark_taken([waiting.handle])
                taken += 1
            for told in source.waiting_reports(limit=AT_ONCE):
                delivery.note(rt, name, told.report)
                source.mark_taken([told.handle])
                taken += 1
        except Unreachable:
            log.warning("gateway_unreachable", channel=name)
        except Unavailable:
            log.warning("database_unavailable", channel=name)
        except Exception:  # one gateway's fault must not silence the others
            log.exception("polling_failed", channel=name)
    return taken


def run(rt: Runtime, wish: Wish) -> None:
    """Ask until told to stop; at once again while there is more."""
    log.info("poll_started", channels=len(list(polled(rt))))
    while not wish.is_to_stop:
        if poll_once(rt) < AT_ONCE and not wish.is_to_stop:
            time.sleep(EVERY_SECONDS)
    log.info("poll_stopped")


def main() -> int:
    logs.take_over()
    try:
        rt = open_runtime()
    except Misconfigured as wrong:
        for fault in wrong.faults:
            print(fault, file=sys.stderr)  # noqa: T201 - an operator reads this
        return 2
    if not list(polled(rt)):
        print("no channel has to be asked: nothing to do", file=sys.stderr)  # noqa: T201
        return 0
    wish = Wish()
    wish.listen()
    run(rt, wish)
    rt.engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
