"""For the machine that watches: ``/healthz``: this process lives; ``/readyz``: the house keeps its promises."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask import Blueprint, Response, jsonify

from intake.gateways import silent as silent_gateways
from intake.spool import Spool
from intake.storage import gateways, outbox
from intake.storage.database import Unavailable
from intake.web.context import runtime

health = Blueprint("health", __name__)

#: A promise that waits longer means that nobody carries.
OLDEST_ALLOWED: Final = timedelta(seconds=60)


@health.get("/healthz")
def is_alive() -> Response:
    """200 as long as this process answers; asks nobody."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@health.get("/readyz")
def is_ready() -> tuple[Response, int]:
    """200 when the database answers, no due promise and no file in the spool is older than a minute, and nothing waits
    for a person (parked promises, files set aside); else 503 and which.
    """
    spool = Spool.of(runtime()).look()
    failing = ["spool"] if spool.oldest_seconds >= OLDEST_ALLOWED.total_seconds() else []
    if spool.refused or spool.unreadable:
        failing.append("spool_set_aside")
    files = {
        "waiting": spool.waiting,
        "oldest_seconds": round(spool.oldest_seconds, 1),
        "refused": spool.refused,
        "unreadable": spool.unreadable,
    }
    try:
        with runtime().engine.connect() as connection:
            found = outbox.health(connection)
            silent = list(silent_gateways(runtime(), connection))
            states = gateways.read_states(connection, [each.name for each in runtime().settings.gateways])
    except Unavailable:
        return jsonify(ready=False, failing=["database", *failing], spool=files), 503
    if found.oldest >= OLDEST_ALLOWED:
        failing.append("oldest_promise")
    if found.parked:
        failing.append("parked")
    answer = jsonify(
        ready=not failing,
        failing=failing,
        oldest_promise_seconds=round(found.oldest.total_seconds(), 1),
        waiting=found.waiting,
        parked=found.parked,
        spool=files,
        # Told and not judged: while one is down, another carries.
        gateways={name: "up" if state.is_up else "down" for name, state in states.items()},
        silent_gateways=silent,
    )
    return answer, 503 if failing else 200
