"""One message read, understood, decided and its acknowledgement promised: what one job does in every queue but ours.

The functions are the house's own, and so are the statements; only the claim and the promise in the outbox are left
out, for the queue that is measured carries the work in its place.
"""

from __future__ import annotations

import os
from functools import lru_cache

from intake import logs
from intake.runtime import Runtime, open_runtime
from intake.storage import messages, threads
from workers.__main__ import warm_up
from workers.decisions import carry_out
from workers.process import look, relate_to_earlier
from workers.understanding import understand


@lru_cache(maxsize=1)
def runtime_of(process_id: int) -> Runtime:  # noqa: ARG001 - a forked process needs connections of its own
    logs.take_over()
    return open_runtime()


def decide(message_id: int) -> None:
    """Read, think with no transaction open, write."""
    rt = runtime_of(os.getpid())
    with rt.engine.begin() as connection:
        snap = look(rt, connection, messages.read(connection, message_id))
    understood = understand(snap.said, snap.report, medium="sms", before=snap.before, may_ask=snap.may_ask)
    if relate_to_earlier(rt, snap, understood).to is not None:
        msg = "the bench has no sender twice"
        raise RuntimeError(msg)
    with rt.engine.begin() as connection:
        messages.mark_processed(connection, message_id)
        carry_out(rt, connection, snap.message, snap.report, understood, opens=True)
        if threads.count_messages(connection, snap.report.id) > len(snap.said):
            raise RuntimeError


warm_up()
