"""Saved views: named lists with true counts, one's own or the desk's."""

from __future__ import annotations

import pytest

from intake import desk, search
from intake.desk import EmptyText
from intake.report_file import NotYours
from intake.runtime import Runtime
from intake.search import Wanted
from intake.storage.officers import Officer
from intake.views import MOST_VIEWS, TooManyViews, counted_views, drop_view, keep_view
from tests.factories import CLEAR_TEXT, MUARA_ENIM
from tests.intake.test_bulk import an_officer
from tests.intake.web.conftest import BOGOR, a_report


@pytest.fixture
def admin(rt: Runtime) -> Officer:
    return an_officer(rt, "admin", "regency", MUARA_ENIM)


def names(rt: Runtime, officer: Officer) -> dict[str, int]:
    with rt.engine.connect() as connection:
        return {view.name: view.count for view in counted_views(connection, officer, now=rt.clock())}


def test_every_count_is_the_length_of_its_list(rt: Runtime, admin: Officer) -> None:
    found = [a_report(rt, f"{CLEAR_TEXT} ke-{n}", sender=f"+62811000050{n}") for n in range(3)]
    a_report(rt, "Sampah menumpuk di pasar kec Lawang Kidul kab Muara Enim, bau", sender="+628110000510")
    desk.take_up(rt, admin, found[0].reference)
    desk.close(rt, admin, found[1].reference)
    lists = {
        "semua": {"tampilan": "semua"},
        "dikerjakan": {"tampilan": "semua", "keadaan": "diproses"},
        "jalan": {"tampilan": "semua", "topik": found[0].topic or ""},
        "jalan selesai": {"tampilan": "selesai", "topik": found[0].topic or ""},
        "terlambat": {"tampilan": "semua", "batas": "terlambat"},
        "hari ini": {"tampilan": "semua", "dari": rt.clock().date().isoformat()},
        "sampah": {"cari": "sampah"},
        "tanpa hasil": {"cari": "pesawat"},
        "nomor": {"cari": found[0].reference},
    }
    for name, query in lists.items():
        keep_view(rt, admin, name=name, wanted=Wanted.of(query), shared=False)
    with rt.engine.connect() as connection:
        expected = {
            name: len(search.inbox(connection, admin, Wanted.of(query), now=rt.clock(), limit=50))
            for name, query in lists.items()
        }
    assert names(rt, admin) == expected
    assert (expected["semua"], expected["dikerjakan"], expected["jalan selesai"], expected["sampah"]) == (4, 1, 1, 1)


def test_own_ones_are_seen_by_nobody_else_and_shared_ones_by_the_desk(rt: Runtime, admin: Officer) -> None:
    leader, stranger = an_officer(rt, "l", "leader", MUARA_ENIM), an_officer(rt, "b", "regency", BOGOR)
    keep_view(rt, admin, name=" Jalan  rusak ", wanted=Wanted(topic="INF.01"), shared=False)
    keep_view(rt, admin, name="Darurat", wanted=Wanted(urgency="darurat"), shared=True)
    assert list(names(rt, admin)) == ["Jalan rusak", "Darurat"]
    assert list(names(rt, leader)) == ["Darurat"]
    assert names(rt, stranger) == {}
    with pytest.raises(NotYours):
        keep_view(rt, leader, name="x", wanted=Wanted(), shared=True)
    keep_view(rt, leader, name="Punya saya", wanted=Wanted(), shared=False)
    with rt.engine.connect() as connection:
        ids = {view.name: view.id for view in counted_views(connection, admin, now=rt.clock())}
    for who, name in ((leader, "Darurat"), (leader, "Jalan rusak"), (stranger, "Darurat")):
        with pytest.raises(NotYours):
            drop_view(rt, who, ids[name])
    drop_view(rt, admin, ids["Darurat"])
    drop_view(rt, admin, ids["Jalan rusak"])
    assert names(rt, admin) == {}
    assert list(names(rt, leader)) == ["Punya saya"]


@pytest.mark.parametrize("shared", [False, True])
def test_the_same_name_is_replaced_and_there_are_not_too_many(rt: Runtime, admin: Officer, shared: bool) -> None:
    for number in range(MOST_VIEWS):
        keep_view(rt, admin, name=f"Tampilan {number}", wanted=Wanted(), shared=shared)
    with pytest.raises(TooManyViews):
        keep_view(rt, admin, name="Satu lagi", wanted=Wanted(), shared=shared)
    keep_view(rt, admin, name="Tampilan 3", wanted=Wanted(urgency="tinggi"), shared=shared)
    keep_view(rt, admin, name="yang lain", wanted=Wanted(), shared=not shared)
    with rt.engine.connect() as connection:
        found = {view.name: view.wanted for view in counted_views(connection, admin, now=rt.clock())}
    assert len(found) == MOST_VIEWS + 1
    assert found["Tampilan 3"].urgency == "tinggi"
    with pytest.raises(EmptyText):
        keep_view(rt, admin, name="  ", wanted=Wanted(), shared=shared)
