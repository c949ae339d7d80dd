"""A report taken face to face is kept once, whoever sends it how often."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from channels.messages import Attachment
from intake.domain.reference import report_id_of
from intake.runtime import Runtime
from intake.storage import officers, reports
from intake.storage.officers import Officer
from intake.walk_in import NotAReport, Told, entry_id, take_down
from tests.factories import MUARA_ENIM

STORY = Told("Sumur bor di desa Tegal Rejo kering sejak Agustus", "Warga Contoh", "0811-0000-0077")


@pytest.fixture
def officer(rt: Runtime) -> Officer:
    with rt.engine.begin() as connection:
        made = officers.add(
            connection, username="siti", name="Siti", password="kata-sandi-contoh", role="regency", regency=MUARA_ENIM
        )
    assert made is not None
    return made


def unique(officer: Officer) -> str:
    made = entry_id(officer, str(uuid4()))
    assert made is not None
    return made


def test_the_same_entry_again_is_the_same_report(rt: Runtime, officer: Officer) -> None:
    once = unique(officer)
    first = take_down(rt, officer, STORY, unique=once)
    assert take_down(rt, officer, STORY, unique=once) == first
    assert take_down(rt, officer, STORY, unique=unique(officer)) != first, "another entry, even with the same words"
    with rt.engine.connect() as connection:
        steps = [s.action for s in reports.history_of(connection, report_id_of(first) or 0)]
        assert steps == ["taken_down"]
        assert connection.execute(text("select count(*) from report")).scalar_one() == 2


def test_what_was_cut_off_after_the_message_is_made_up_for(rt: Runtime, officer: Officer) -> None:
    once = unique(officer)
    anonymous = replace(STORY, anonymous=True)
    reference = take_down(rt, officer, anonymous, unique=once)
    with rt.engine.begin() as connection:  # as if the machine had stopped between the two transactions
        connection.execute(text("alter table history disable trigger user"))
        connection.execute(text("delete from history"))
        connection.execute(text("update report set anonymous = false"))
    assert take_down(rt, officer, anonymous, unique=once) == reference
    with rt.engine.connect() as connection:
        found = reports.read(connection, report_id_of(reference) or 0)
        assert found.anonymous is True
        assert [s.action for s in reports.history_of(connection, found.id)] == ["taken_down"]
        extra = connection.execute(text("select extra from message")).scalar_one()
    assert "Warga Contoh" not in str(extra)
    assert "0077" not in str(extra)


def test_nobody_stands_in_the_way_of_anothers_entry(officer: Officer) -> None:
    made = str(uuid4())
    assert entry_id(officer, made) != entry_id(replace(officer, id=officer.id + 1), made)
    assert entry_id(officer, made.upper()) == entry_id(officer, made)
    for wrong in ("", "x", made[:-1], f"{made}1", f"{made}\n{made}", "g" * 36):
        assert entry_id(officer, wrong) is None, wrong


@pytest.mark.parametrize("words", ["", "  \n ", "x" * 10_001, "CEK 7K3-QX4M", "STOP"])
def test_what_is_no_report_is_refused_and_nothing_is_kept(rt: Runtime, officer: Officer, words: str) -> None:
    with pytest.raises(NotAReport):
        take_down(rt, officer, replace(STORY, text=words), unique=unique(officer))
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from message")).scalar_one() == 0


@pytest.mark.parametrize(
    ("ago", "believed"),
    [(timedelta(hours=5), True), (timedelta(days=100), False), (timedelta(hours=-1), False), (None, False)],
)
def test_when_it_was_told_is_kept_unless_the_clock_is_wrong(
    rt: Runtime, officer: Officer, ago: timedelta | None, believed: bool
) -> None:
    told_at = None if ago is None else datetime.now(UTC) - ago
    reference = take_down(rt, officer, replace(STORY, taken_at=told_at), unique=unique(officer))
    with rt.engine.connect() as connection:
        step = reports.history_of(connection, report_id_of(reference) or 0)[0]
    assert ("taken_at" in step.detail) is believed


def test_its_photos_come_with_it_once(rt: Runtime, officer: Officer) -> None:
    once = unique(officer)
    told = replace(STORY, files=(Attachment("foto.jpg", "image/jpeg", b"\xff\xd8\xff\xe0bytes"),))
    for _ in range(3):
        take_down(rt, officer, told, unique=once)
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from attachment")).scalar_one() == 1
