"""Deadlines of many reports at once: the same as one by one, in two statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, event, text

from intake.domain.report import State
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import deadlines, reports
from intake.storage.outbox import Job
from tests.factories import an_sms
from workers import jobs

TEXTS = (
    "Jalan rusak parah di desa Tegal Rejo kec Lawang Kidul kab Muara Enim",
    "Ada pungli di kantor kecamatan Lawang Kidul kab Muara Enim, diminta 500 ribu",
    "Apa syarat membuat KTP di Muara Enim?",
)


@pytest.fixture
def report_ids(rt: Runtime) -> list[int]:
    found = []
    for n, said in enumerate(TEXTS):
        remembered = receive(rt, "sms_twilio", an_sms(said, sender=f"+62811000010{n}")).remembered
        assert remembered is not None
        found.append(remembered.message_id)
    jobs.carry_out(rt, Job.PROCESS)
    return found


@contextmanager
def statements(rt: Runtime) -> Iterator[list[str]]:
    said: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(rt.engine, "before_cursor_execute", listen)
    try:
        yield said
    finally:
        event.remove(rt.engine, "before_cursor_execute", listen)


def kept(rt: Runtime) -> list[tuple[object, ...]]:
    """Everything that follows from a refresh: deadlines, words, alarms."""
    with rt.engine.connect() as connection:
        return [
            tuple(row)
            for row in connection.execute(
                text("""select d.*, s.words::text, o.due_at from deadline d join search_words s using (report_id)
                        left join outbox o on o.job = 'remind' and o.subject_id = d.report_id order by report_id""")
            )
        ]


def test_many_at_once_are_kept_as_one_by_one_in_two_statements(rt: Runtime, report_ids: list[int]) -> None:
    forget = text("delete from outbox where job = 'remind'"), text("truncate deadline, search_words")
    with rt.engine.begin() as connection:
        for statement in forget:
            connection.execute(statement)
        for report_id in report_ids:
            deadlines.refresh(connection, report_id)
    one_by_one = kept(rt)
    assert len({row[1] for row in one_by_one}) == 3, "three classes of reports"
    assert all(row[-1] is not None for row in one_by_one)
    with statements(rt) as said, rt.engine.begin() as connection:
        for statement in forget:
            connection.execute(statement)
        said.clear()
        deadlines.refresh_many(connection, [*report_ids, 999_999_999])
        assert len(said) == 2
    assert kept(rt) == one_by_one


def test_an_alarm_somebody_holds_is_not_moved_and_a_free_one_only_forward(rt: Runtime, report_ids: list[int]) -> None:
    first, second, third = report_ids
    early = datetime(2020, 1, 1, tzinfo=UTC)
    with rt.engine.begin() as connection:
        connection.execute(text("update outbox set due_at = :at where subject_id = :id and job = 'remind'"),
                           {"at": early, "id": first})  # fmt: skip
        connection.execute(
            text("""update outbox set due_at = '2099-01-01', token = gen_random_uuid()
                    where subject_id = :id and job = 'remind'"""),
            {"id": second},
        )
        connection.execute(
            text("update outbox set due_at = '2099-01-01' where subject_id = :id and job = 'remind'"), {"id": third}
        )
        deadlines.refresh_many(connection, report_ids)
        rows = connection.execute(text("select subject_id, due_at from outbox where job = 'remind'"))
        due: dict[int, datetime] = {row.subject_id: row.due_at for row in rows}
    assert due[first] == early
    assert due[second] == datetime(2099, 1, 1, tzinfo=due[second].tzinfo)
    assert due[third] < datetime(2099, 1, 1, tzinfo=UTC)


def test_gathered_steps_refresh_once_at_the_end(rt: Runtime, report_ids: list[int]) -> None:
    with statements(rt) as said, rt.engine.begin() as connection, deadlines.gathered(connection):
        for report_id in report_ids:
            reports.step(connection, report_id, State.DIPROSES, actor="officer", action="taken_up")
            reports.step(connection, report_id, State.DITINDAKLANJUTI, actor="officer", action="answered")
    assert len(said) == 2 * len(report_ids) + 2, "a statement a step and two for all their deadlines"
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from deadline where first_response_kept")).scalar_one() == 3


class PowerCut(Exception):
    pass


def step_and_fail(connection: Connection, report_id: int) -> None:
    with deadlines.gathered(connection):
        reports.step(connection, report_id, State.DIPROSES, actor="officer", action="taken_up")
        raise PowerCut


def test_a_gathering_that_fails_leaves_nothing_behind_for_the_next(rt: Runtime, report_ids: list[int]) -> None:
    with rt.engine.connect() as connection:
        with pytest.raises(PowerCut), connection.begin():
            step_and_fail(connection, report_ids[0])
        with connection.begin():
            reports.step(connection, report_ids[0], State.DIPROSES, actor="officer", action="taken_up")
    with rt.engine.connect() as connection:
        standing = deadlines.standing_of(connection, report_ids[0])
    assert standing is not None
    assert standing.first_response_kept is True
