"""For who keeps the machinery going, ``/meja/teknis``: work that waits or was put aside, and how the gateways do.

What is here are kinds of work, numbers and counts. No text, no name, no address: an operator reads no report.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for

from intake.domain.permission import Action
from intake.storage import audit, outbox
from intake.storage.outbox import Job
from intake.web import people_words
from intake.web.context import runtime
from intake.web.log_in import allows, officer_here, require_officer

operate_pages = Blueprint("operate", __name__, url_prefix="/meja/teknis")
operate_pages.before_request(require_officer)

_MOST_SHOWN: Final = 200


@operate_pages.get("")
@allows(Action.OPERATE)
def show_work() -> Response:
    """What waits, what was put aside, and which channels are open."""
    rt = runtime()
    with rt.engine.connect() as connection:
        health = outbox.health(connection)
        due = outbox.due(connection)
        parked = outbox.parked(connection, limit=_MOST_SHOWN)
    return make_response(
        render_template(
            "desk/operate.html",
            officer=officer_here(),
            health=health,
            due=due,
            parked=parked,
            channels=sorted((name, channel.medium) for name, channel in rt.channels.items()),
            words=people_words,
        )
    )


@operate_pages.post("/lepas")
@allows(Action.OPERATE)
def release() -> Any:
    """Let one piece of parked work, or all of a kind, be tried again."""
    job, subject = request.form.get("job", ""), request.form.get("subject", "")
    if job in set(Job):
        with runtime().engine.begin() as connection:
            number = int(subject) if subject.isdecimal() and len(subject) < 19 else None
            released = outbox.release(connection, job=job, subject_id=number)
            if released:
                audit.write(
                    connection, "work_released", officer_id=officer_here().id,
                    detail={"job": job, "subject_id": number, "released": released},
                )  # fmt: skip
        flash("released")
    return redirect(url_for(".show_work"), 303)
