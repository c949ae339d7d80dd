"""Our own doors, but message, report and promise written the ordinary Core way: a transaction of separate inserts.

``granian --interface wsgi bench.apps.two_inserts:app``
"""

from __future__ import annotations

import os

from flask import Flask, Response, abort, request
from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert

from channels.channel import Forged
from channels.messages import Headers, InboundRequest
from channels.registry import open_channels
from intake.domain.reference import reference_of
from intake.storage import tables
from intake.storage.database import open_engine
from intake.storage.messages import Ids

app = Flask(__name__)
engine = open_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))
channel = open_channels(os.environ, public_url=os.environ["PUBLIC_URL"])["sms_twilio"]
ids = Ids()


@app.post("/hooks/sms_twilio")
def take() -> Response:
    body = request.get_data(cache=True)
    inbound = InboundRequest(
        os.environ["PUBLIC_URL"] + request.path,
        Headers(dict(request.headers)),
        body,
        tuple(request.form.items(multi=True)),
    )
    try:
        channel.verify(inbound)
    except Forged:
        abort(403)
    message = channel.parse(inbound)
    with engine.begin() as connection:
        new_id = ids.take(connection)
        connection.execute(
            insert(tables.report).values(
                id=new_id, reference=reference_of(new_id), channel="sms_twilio", sender=message.sender,
                recipient=message.recipient, answerable=True,
            )
        )  # fmt: skip
        row = connection.execute(
            upsert(tables.message)
            .values(
                id=new_id, channel="sms_twilio", external_id=message.external_id, report_id=new_id,
                sender=message.sender, recipient=message.recipient, text=message.text, answerable=True,
            )
            .on_conflict_do_nothing()
            .returning(tables.message.c.id)
        ).one_or_none()  # fmt: skip
        if row is None:
            connection.rollback()
        else:
            connection.execute(insert(tables.outbox).values(job="process", subject_id=new_id))
    return Response("<Response/>", content_type="text/xml")
