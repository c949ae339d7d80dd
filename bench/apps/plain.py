"""The plain way: Flask, the ORM, and ``queue.enqueue`` in the request. As a careful first version would be written.

``gunicorn --workers 2 bench.apps.plain:app`` (sync workers).
"""

from __future__ import annotations

import os
from datetime import datetime

import phonenumbers
from flask import Flask, Response, abort, request
from redis import Redis
from rq import Queue
from sqlalchemy import DateTime, ForeignKey, Text, create_engine, func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]


class Base(DeclarativeBase):
    pass


class Message(Base):
    __tablename__ = "plain_message"
    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(Text, unique=True)
    sender: Mapped[str] = mapped_column(Text)
    recipient: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Report(Base):
    __tablename__ = "plain_report"
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("plain_message.id"))
    state: Mapped[str] = mapped_column(Text, default="diterima")


engine = create_engine(os.environ["DATABASE_URL"])
queue = Queue("plain", connection=Redis.from_url(os.environ["REDIS_URL"]))
validator = RequestValidator(os.environ["SMS_TWILIO_AUTH_TOKEN"])
app = Flask(__name__)


@app.post("/hooks/sms_twilio")
def take() -> Response:
    url = os.environ["PUBLIC_URL"] + request.full_path.rstrip("?")
    if not validator.validate(url, request.form, request.headers.get("X-Twilio-Signature", "")):
        abort(403)
    number = phonenumbers.parse(request.form["From"], "ID")
    with Session(engine) as session:
        message = Message(
            external_id=request.form["MessageSid"],
            sender=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
            recipient=request.form["To"],
            text=request.form["Body"],
        )
        session.add(message)
        try:
            session.flush()
        except IntegrityError:
            session.rollback()
            return Response("<Response/>", content_type="text/xml")
        report = Report(message_id=message.id)
        session.add(report)
        session.flush()
        report_id = report.id
        session.commit()
    queue.enqueue("bench.apps.plain.process", report_id)
    return Response("<Response/>", content_type="text/xml")


if os.environ.get("BENCH_CREATE_TABLES"):
    Base.metadata.create_all(engine)
