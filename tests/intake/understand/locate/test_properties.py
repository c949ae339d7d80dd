"""What holds for every text, said as properties and tried on many."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.understand.locate import Hints, locate
from intake.understand.locate.gazetteer import gazetteer
from intake.understand.locate.tokens import LONGEST_TEXT

# Nobody waits longer than this for one text on any machine that runs tests; the promise (50 ms) is kept in bench/.
BOUND_SECONDS = 2.0

ADDRESSES = st.integers(0, 83_761)
PLAIN_SENTENCES = st.sampled_from(
    [
        "Mohon segera diperbaiki.",
        "Sudah tiga hari air mati dan warga susah sekali.",
        "Kami sudah lapor tapi belum ada tanggapan sampai sekarang.",
        "Terima kasih atas perhatian bapak dan ibu.",
        "Lampu padam setiap malam, anak-anak takut pulang mengaji.",
        "Tolong jangan sebut nama saya.",
    ]
)
REPORTS = st.sampled_from(
    [
        "jalan rusak di desa Tegal Rejo, Kecamatan Lawang Kidul, Kabupaten Muara Enim",
        "banjir di Kelurahan Pluit, Kecamatan Penjaringan, Jakarta Utara",
        "lampu mati di Kecamatan Ubud, Kabupaten Gianyar",
        "sampah menumpuk di Kota Kupang, Nusa Tenggara Timur",
        "jembatan putus di Distrik Arso, Kabupaten Keerom, Papua",
        "air keruh di Kabupaten Banjar, Kalimantan Selatan",
    ]
)
MARKS = st.sampled_from(["!", "!!!", "...", " :(", "?!", " \n"])


def official_address(number: int) -> tuple[str, str, str]:
    """The full official address of a village, its code and that of its regency."""
    gaz = gazetteer()
    district = gaz.village_district[number]
    regency = gaz.regencies[gaz.district_regency[district]]
    kind = "Desa" if gaz.village_number[number] >= 2000 else "Kelurahan"
    address = (
        f"{kind} {gaz.village_name(number)}, Kecamatan {gaz.district_name(district)}, {regency.name}, "
        f"Provinsi {regency.province}"
    )
    return address, gaz.village_code(number), regency.code


@given(ADDRESSES)
@settings(max_examples=400, deadline=None)
def test_the_full_official_address_of_any_village_decides_its_regency(number: int) -> None:
    address, _, regency = official_address(number)
    assert locate(address).regency == regency


@given(ADDRESSES)
@settings(max_examples=200, deadline=None)
def test_a_village_is_never_told_outside_its_regency(number: int) -> None:
    address, _, regency = official_address(number)
    found = locate(address)
    assert found.village is None or found.village.startswith(regency)
    assert found.district is None or found.district.startswith(regency)


@given(REPORTS, st.sampled_from([str.upper, str.lower, str.title, str.swapcase]))
@settings(deadline=None)
def test_case_does_not_change_the_regency(report: str, change: object) -> None:
    assert callable(change)
    assert locate(change(report)).regency == locate(report).regency


@given(REPORTS, st.integers(1, 5), st.booleans())
@settings(deadline=None)
def test_spacing_does_not_change_the_regency(report: str, spaces: int, ends: bool) -> None:
    spaced = report.replace(" ", " " * spaces)
    assert locate("  " + spaced + "  " if ends else spaced).regency == locate(report).regency


@given(REPORTS, MARKS, MARKS)
@settings(deadline=None)
def test_harmless_marks_do_not_change_the_regency(report: str, before: str, after: str) -> None:
    assert locate(before + report + after).regency == locate(report).regency


@given(REPORTS, st.lists(PLAIN_SENTENCES, max_size=3), st.booleans())
@settings(deadline=None)
def test_a_sentence_without_places_does_not_change_the_regency(report: str, more: list[str], first: bool) -> None:
    texts = [*more, report + "."] if first else [report + ".", *more]
    assert locate(" ".join(texts)).regency == locate(report).regency


@given(st.lists(PLAIN_SENTENCES, min_size=1, max_size=4))
@settings(deadline=None)
def test_sentences_without_places_are_never_placed(sentences: list[str]) -> None:
    assert locate(" ".join(sentences)).decision == "none"


@given(
    st.one_of(
        st.text(max_size=2000),
        st.text(alphabet="kec desab12. ,-\n'É\u200b", max_size=2000),
        st.lists(
            st.sampled_from(
                [
                    "kec",
                    "desa",
                    "kota",
                    "tanjung",
                    "baru",
                    "sukamaju",
                    "1",
                    "12345",
                    "jl",
                    "di",
                    "dari",
                    "dan",
                    ",",
                    ".",
                    "karanganyar",
                ]
            )
        ).map(" ".join),
    )
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_raises_and_every_answer_holds_together(text: str) -> None:
    found = locate(text, hints=Hints((("16.03", 60.0),)))
    assert (found.regency is not None) == (found.decision == "decided")
    assert 0 <= found.probability <= 1
    assert bool(found.choices) <= (found.decision == "ask")
    for item in found.evidence:
        if item.start >= 0:
            assert text[item.start : item.end] == item.text


@pytest.mark.parametrize(
    "piece",
    [
        "tanjung ",
        "a ",
        "a",
        "kec sukamaju desa ",
        "1 2 ",
        "KecSukaDesa",
        "é",
        "-6.2 , ",
        "kab xyzqw ",
        "kota banjar jawa barat ",
        "\n",
        "'",
        "0" * 50 + " ",
    ],
)
def test_no_text_takes_longer_than_the_bound(piece: str) -> None:
    text = (piece * (LONGEST_TEXT // len(piece) + 1))[: 3 * LONGEST_TEXT]
    started = time.process_time()
    locate(text)
    assert time.process_time() - started < BOUND_SECONDS


def test_a_text_beyond_the_longest_is_read_at_its_head() -> None:
    assert locate("kabupaten Muara Enim " + "x " * 20_000).regency == "16.03"
