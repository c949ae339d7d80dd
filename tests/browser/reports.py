"""Reports in every condition a citizen may meet them in, and enough of them for figures; all invented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from intake.domain.reference import reference_of
from intake.runtime import Runtime
from intake.storage import publications, regency_settings

MUARA_ENIM = "16.03"


def add_past_reports(rt: Runtime, regency: str = MUARA_ENIM, *, months: int = 8, each: int = 14) -> None:
    """Reports of the last months, most of them answered and finished, on a handful of topics."""
    topics = ["INF.01", "AIR.01", "LHD.01", "KES.01", "SOS.01"]
    now = datetime.now(UTC)
    rows = []
    for month in range(1, months + 1):
        for number in range(each - month % 4):
            opened = (now.replace(day=15) - timedelta(days=30 * month)).replace(hour=number)
            answered = opened + timedelta(days=1 + number % 5)
            is_answered, is_finished = number >= month % 3, number >= 6
            at = 10_000 + month * 100 + number
            rows.append(
                {
                    "id": at,
                    "reference": reference_of(at),
                    "state": "selesai" if is_finished and is_answered else "diproses",
                    "regency": regency,
                    "topic": topics[(number * number + month) % len(topics)],
                    "opened_at": opened,
                    "answered_at": answered if is_answered else None,
                    "closed_at": answered + timedelta(days=2) if is_finished and is_answered else None,
                }
            )
    with rt.engine.begin() as connection:
        connection.execute(
            text("""insert into report (id, reference, channel, sender, recipient, answerable, state, regency, topic,
                                        opened_at, answered_at, closed_at)
                    values (:id, :reference, 'sms_twilio', '+628110000009', '', true, :state, :regency, :topic,
                            :opened_at, :answered_at, :closed_at)"""),
            rows,
        )


def publish_past_reports(rt: Runtime, regency: str = MUARA_ENIM, *, most: int = 23) -> None:
    """Turn on the public list of a regency and put some of the past reports on it."""
    words = [
        "Jalan di depan [nomor rumah] berlubang sejak tiga bulan, kata Pak [nama] belum ada yang datang.",
        "Air PDAM mati setiap sore di Kecamatan Lawang Kidul. Hubungi saya di [nomor].",
        "Sampah menumpuk di belakang pasar, baunya sampai ke sekolah.",
    ]
    with rt.engine.begin() as connection:
        regency_settings.set_publishes(connection, regency, on=True)
        officer_id = connection.execute(text("select min(id) from officer")).scalar_one()
        found = connection.execute(
            text(
                "select id, state from report where regency = :regency and state in ('selesai', 'diproses') order by id"
            ),
            {"regency": regency},
        )
        for number, report in enumerate(found.all()[:most]):
            answer = "Lubang sudah kami tambal hari Senin." if report.state == "selesai" else ""
            publications.publish(
                connection, report.id, officer_id=officer_id, words=words[number % len(words)], answer=answer
            )
