"""What a citizen chose, confirmed or gave in the form beside the story: it wins over what we read in the words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import count

import pytest

from channels.messages import Coordinates, Headers, InboundMessage, InboundRequest
from channels.web_form import WebForm
from intake.domain.report import State
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import messages, reports
from intake.storage.outbox import Job
from intake.storage.reports import KeptDecision, Report
from intake.told import beside_the_story
from tests.factories import CLEAR_TEXT, MUARA_ENIM
from workers import jobs

BOGOR, CIBINONG, PABUARAN = "32.01", "32.01.01", "32.01.01.1013"
_ids = count(1)


def from_the_form(text: str = CLEAR_TEXT, **fields: str) -> InboundMessage:
    """As the page hands it over and the channel reads it."""
    said = {"token": f"token-of-a-form-{next(_ids):04}", "text": text, **fields}
    read = WebForm().parse(InboundRequest("http://127.0.0.1/lapor", Headers(), form=tuple(said.items())))
    return replace(read, sender=f"web:{read.external_id}")


def taken(rt: Runtime, message: InboundMessage) -> tuple[Report, KeptDecision]:
    kept = receive(rt, "web_form", message).remembered
    assert kept is not None
    jobs.carry_out(rt, Job.PROCESS)
    with rt.engine.connect() as connection:
        decision = reports.last_decision(connection, kept.message_id)
        assert decision is not None
        return reports.read(connection, kept.message_id), decision


@pytest.mark.parametrize(("place_by", "why"), [("chosen", "dipilih_pelapor"), ("confirmed", "dibenarkan_pelapor")])
def test_the_place_a_citizen_told_is_the_place(rt: Runtime, place_by: str, why: str) -> None:
    report, decision = taken(rt, from_the_form(regency=BOGOR, place=CIBINONG, place_by=place_by))
    assert (report.state, report.regency, report.district) == (State.TERDISPOSISI, BOGOR, CIBINONG)
    assert (decision.action, decision.why) == ("hand_over", why)
    first, *read = decision.location["evidence"]
    assert "oleh pelapor: Kecamatan Cibinong, Kab. Bogor" in first["reading"]
    assert first["supports"]
    # What the words say against it is kept for the officer.
    assert [item["supports"] for item in read if MUARA_ENIM in item["regencies"]] == [False] * 3


def test_a_village_that_was_chosen_is_kept(rt: Runtime) -> None:
    report, decision = taken(rt, from_the_form("Lampu mati", regency=BOGOR, place=PABUARAN, place_by="chosen"))
    assert (report.district, report.village) == (CIBINONG, PABUARAN)
    assert decision.location["names"][PABUARAN]
    assert decision.location["level"] == "village"


def test_words_that_agree_keep_speaking_for_it(rt: Runtime) -> None:
    report, decision = taken(rt, from_the_form(regency=MUARA_ENIM, place="16.03.07", place_by="confirmed"))
    assert report.regency == MUARA_ENIM
    assert all(item["supports"] for item in decision.location["evidence"])
    assert "hint" not in {item["level"] for item in decision.location["evidence"]}


@pytest.mark.parametrize("place", ["32.01.99", "32.01.01.9999", "99.99"])
def test_a_code_of_no_region_is_no_choice(rt: Runtime, place: str) -> None:
    report, decision = taken(rt, from_the_form(place=place, place_by="chosen"))
    assert report.regency == MUARA_ENIM
    assert decision.why == "wilayah_jelas"


def test_a_place_nobody_chose_is_a_hint_as_before(rt: Runtime) -> None:
    _, decision = taken(rt, from_the_form("Lampu jalan di depan rumah mati dua minggu", regency=BOGOR))
    assert decision.why == "wilayah_jelas"


@pytest.mark.parametrize(("by", "told"), [("own", "titik pada peta"), ("photo", "koordinat foto")])
def test_a_position_speaks_and_says_where_it_is_from(rt: Runtime, by: str, told: str) -> None:
    message = from_the_form("Lampu jalan mati", latitude="-3.6589", longitude="103.7736", position_by=by)
    assert message.coordinates == Coordinates(-3.6589, 103.7736)
    _, decision = taken(rt, message)
    [point] = [item for item in decision.location["evidence"] if item["level"] == "point"]
    assert point["reading"].startswith(told)
    assert MUARA_ENIM in point["regencies"]


def test_who_says_how_a_position_was_found_without_one_says_nothing() -> None:
    assert "position_by" not in from_the_form(position_by="photo").extra


def test_an_advert_stays_an_advert_wherever_it_says_it_is(rt: Runtime) -> None:
    advert = "PROMO!! Pinjaman dana tunai cair 5 menit tanpa jaminan bunga rendah hub WA 0811 0000 999 skrg jg"
    report, _ = taken(rt, from_the_form(advert, regency=BOGOR, place=BOGOR, place_by="chosen"))
    assert report.state is State.DIARSIPKAN


@pytest.mark.parametrize(("written", "kept"), [("2026-11-20", date(2026, 11, 20)), ("2026-13-40", None), ("", None)])
def test_the_day_it_happened_is_kept(rt: Runtime, written: str, kept: date | None) -> None:
    report, _ = taken(rt, from_the_form(event_date=written))
    with rt.engine.connect() as connection:
        assert beside_the_story(messages.of_report(connection, report.id)).event_date == kept
