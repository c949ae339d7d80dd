"""Steps of a report: allowed ones only, one winner, all written down."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from intake.domain.report import State, StepNotAllowed
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import reports
from tests.factories import an_sms


@pytest.fixture
def report_id(rt: Runtime) -> int:
    remembered = receive(rt, "sms_twilio", an_sms()).remembered
    assert remembered is not None
    return remembered.message_id


def test_a_step_changes_the_state_and_is_written_down(rt: Runtime, report_id: int) -> None:
    with rt.engine.begin() as connection:
        report = reports.step(
            connection, report_id, State.TERDISPOSISI, actor="system", action="hand_over", reason="wilayah_jelas",
            values={"regency": "16.03"},
        )  # fmt: skip
        [line] = reports.history_of(connection, report_id)
    assert (report.state, report.regency) == (State.TERDISPOSISI, "16.03")
    assert (line.actor, line.from_state, line.to_state, line.reason) == (
        "system", "diterima", "terdisposisi", "wilayah_jelas",
    )  # fmt: skip


def test_a_step_that_is_not_in_the_table_is_refused(rt: Runtime, report_id: int) -> None:
    with pytest.raises(StepNotAllowed), rt.engine.begin() as connection:
        reports.step(connection, report_id, State.SELESAI, actor="officer", action="closed")
    with rt.engine.connect() as connection:
        assert reports.read(connection, report_id).state is State.DITERIMA
        assert reports.history_of(connection, report_id) == []


def test_of_two_officers_at_once_one_wins(rt: Runtime, report_id: int) -> None:
    with rt.engine.begin() as connection:
        reports.step(connection, report_id, State.TERDISPOSISI, actor="system", action="x", values={"regency": "16.03"})
    gate = threading.Barrier(2)
    outcomes: list[str] = []

    def go(to: State) -> None:
        gate.wait()
        try:
            with rt.engine.begin() as connection:
                reports.step(connection, report_id, to, actor="officer", action="x", only_from=[State.TERDISPOSISI])
            outcomes.append("won")
        except StepNotAllowed:
            outcomes.append("told")

    threads = [threading.Thread(target=go, args=(to,)) for to in (State.DIKEMBALIKAN, State.DIPROSES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["told", "won"]


def test_a_step_sets_no_column_it_may_not(rt: Runtime, report_id: int) -> None:
    with pytest.raises(TypeError), rt.engine.begin() as connection:
        reports.step(connection, report_id, State.TERDISPOSISI, actor="x", action="x", values={"reference": "x"})


@pytest.mark.parametrize(
    "rewriting",
    [
        "update history set reason = 'lain'", "delete from history", "truncate history", "update decision set why = ''",
        "delete from correction", "update note set text = ''",
    ],
)  # fmt: skip
def test_what_happened_is_not_rewritten(rt: Runtime, report_id: int, rewriting: str) -> None:
    with rt.engine.begin() as connection:
        reports.step(connection, report_id, State.TERDISPOSISI, actor="system", action="x", values={"regency": "16.03"})
    with pytest.raises(IntegrityError, match="what happened is not rewritten"), rt.engine.begin() as connection:
        connection.execute(text(rewriting))
    with rt.engine.connect() as connection:
        assert [line.action for line in reports.history_of(connection, report_id)] == ["x"]


def test_erasing_what_the_law_wants_erased_is_said_aloud(rt: Runtime, report_id: int) -> None:
    with rt.engine.begin() as connection:
        reports.record(connection, report_id, actor="system", action="x")
    with rt.engine.begin() as connection:
        connection.execute(text("set local sahut.erase = 'on'"))
        connection.execute(text("update history set detail = '{}'"))
    with pytest.raises(IntegrityError), rt.engine.begin() as connection:
        connection.execute(text("update history set detail = '{}'"))
