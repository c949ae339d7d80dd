"""What is decided, asked and left open: a case for every class of text the resolver was built for."""

from __future__ import annotations

import pytest

from intake.understand.locate import FORM_CHOICE, OWN_LINE, Coordinates, Hints, Thresholds, locate

DECIDED = [
    # official addresses, whole and in part
    ("jalan rusak di desa Tegal Rejo, Lawang Kidul", "16.03"),
    ("Kec. Gayamsari Kel. Tambakrejo", "33.74"),
    ("KEC.SUNGAI KAKAP, jalan putus", "61.12"),
    ("Kelurahan Pasar II Muara Enim, lampu jalan mati", "16.03"),
    # names inside names
    ("banjir di padang lawas utara", "12.20"),
    ("musi banyuasin jalan hancur", "16.06"),
    ("OKU timur irigasi jebol", "16.08"),
    ("Kab Bandung Barat sampah menumpuk", "32.17"),
    # kabupaten and kota of one name
    ("pak bupati bandung tolong jalan rusak", "32.04"),
    ("wali kota bandung tolong sampah", "32.73"),
    ("kota banjar jawa barat banjir", "32.79"),
    ("kab banjar kalsel listrik padam", "63.03"),
    # acronyms, capitals, everyday names
    ("Jalan ke Muba rusak berat, di Muba sudah lama begini", "16.06"),
    ("kutim air pdam mati", "64.08"),
    ("Jogja macet, pak walikota", "34.71"),
    ("tanjung enim debu batubara", "16.03"),
    ("warga Sangatta minta air bersih", "64.08"),
    # misspelt, short, glued, shouted
    ("kec lhoksukn kab aceh utra, lampu jalan mati", "11.08"),
    ("pandglang jembatan putus", "36.01"),
    ("kb jeruk jakbar banjir", "31.73"),
    ("banjir dikedoya utara", "31.73"),
    ("TOLONG KAMI DI KABUPATEN WAKATOBI", "74.07"),
    ("bau bau listrik padam", "74.72"),
    # a name under a cue beats the same name elsewhere
    ("Terjadi angin kencang di Kota Padang", "13.71"),
    ("kec kota agung tanggamus longsor", "18.06"),
    # areas that everybody knows by another name than the official one
    ("macet di Muara Angke", "31.72"),
    ("banjir di Seturan", "34.04"),
    # a name behind the number of a neighbourhood
    ("rt 06/06 jatipadang got mampet", "31.74"),
    # cut short
    ("Kec. Angkola Ds. Simataniari", "12.03"),
    # words of one region
    ("nagari Sungai Tanang air keruh", "13.06"),
    # postcode
    ("jalan gelap, kode pos 31354", "16.03"),
]

ASKED = [
    "bandung macet parah",
    "Jalan rusak di Martapura",
    "desa sukamaju jalan rusak",
    "Di Jawa Timur jalan rusak semua",
    "kami di pulau Nias sudah 9 jam padam",
    "kecamatan karanganyar belum ada sinyal",
    "Banjir di Perumahan Harapan Indah",  # lies in two regencies
    "Semarang banjir?",
]

NOWHERE = [
    "tolong pak, sudah 3 hari lampu mati bisa diperbaiki",
    "desa sudah gelap, kelurahan yang urus siapa",
    "terburu buru hati hati jalan baru banyak lubang",
    "Assalamualaikum, syarat bikin ktp apa saja ya min",
    "air bersih mati, pintu air rusak, pompa air juga",
    "",
    "!!! ??? ...",
    "1708",
    "Banjir se mulut orang dewasa",
    "ayo gotong royong, #GotongRoyongDigital",
    "Sumber: grup WA warga",
    "kec. pelayanan buruk",
]


@pytest.mark.parametrize(("text", "regency"), DECIDED)
def test_it_decides(text: str, regency: str) -> None:
    found = locate(text)
    assert (found.decision, found.regency) == ("decided", regency)
    assert found.probability >= Thresholds().decide
    assert found.candidates[0].regency == regency


@pytest.mark.parametrize("text", ASKED)
def test_it_asks_when_the_text_fits_several(text: str) -> None:
    found = locate(text)
    assert found.decision == "ask"
    assert found.regency is None


@pytest.mark.parametrize("text", NOWHERE)
def test_it_finds_no_place_in_plain_words(text: str) -> None:
    assert locate(text).decision == "none"


def test_the_question_names_the_two_of_a_pair() -> None:
    assert {choice.regency for choice in locate("bandung macet parah").choices} == {"32.04", "32.73"}


def test_a_province_alone_is_told_as_far_as_it_goes() -> None:
    found = locate("Di Jawa Timur jalan rusak semua")
    assert (found.level, found.province) == ("province", "35")


def test_it_goes_as_deep_as_the_text() -> None:
    found = locate("desa Tegal Rejo kecamatan Lawang Kidul kabupaten Muara Enim")
    assert found.level == "village"
    assert found.village is not None
    assert found.names[found.village] == "Tegal Rejo"
    assert found.district is not None
    assert found.names[found.district] == "Lawang Kidul"
    assert found.province == "16"
    assert locate("kecamatan Lawang Kidul").level == "district"
    assert locate("kabupaten Muara Enim").level == "regency"


def test_where_one_comes_from_weighs_less_than_where_it_is() -> None:
    found = locate("saya asal Palembang, jalan di Muara Enim rusak")
    assert found.regency == "16.03"
    assert any(item.text == "Palembang" and not item.supports for item in found.evidence)


def test_a_bare_name_is_the_one_that_is_known_and_a_cued_one_may_be_any() -> None:
    assert locate("Jatinegara banjir lagi").regency == "31.75"
    assert locate("banjir di desa Jati").decision == "ask"
    assert locate("kecamatan Jatinegara banjir").decision == "ask"


def test_what_is_sent_from_elsewhere_is_less_about_there() -> None:
    sent = locate("banjir kiriman dari Depok").probability
    assert sent < locate("banjir di Depok").probability


def test_housing_named_after_a_place_is_less_sure() -> None:
    assert locate("banjir di Cipulir estate").probability < locate("banjir di Cipulir").probability


def test_a_street_named_after_a_river_is_not_the_regency_of_that_name() -> None:
    assert locate("banjir di jalan Sungai Kampar").decision != "decided"
    assert locate("banjir di jalan Sungai Kampar, Semper Barat").regency == "31.72"


def test_evidence_points_into_the_text() -> None:
    text = "tolong pak, jalan di kec. Lawang Kidul, Muara Enim rusak"
    for item in locate(text).evidence:
        assert text[item.start : item.end] == item.text
        assert 0 <= item.weight <= 1


def test_probabilities_are_probabilities() -> None:
    found = locate("jalan rusak di desa sukamaju kecamatan cilodong atau karanganyar")
    assert all(0 <= candidate.probability <= 1 for candidate in found.candidates)
    assert sum(candidate.probability for candidate in found.candidates) <= 1.001
    ranked = [candidate.probability for candidate in found.candidates]
    assert ranked == sorted(ranked, reverse=True)


def test_the_dictionary_is_what_the_command_promises() -> None:
    told = locate("kabupaten Muara Enim").as_dict()
    assert (told["decision"], told["regency"], told["name"]) == ("decided", "16.03", "Kabupaten Muara Enim")
    assert {"regency", "name", "probability"} == set(told["candidates"][0])
    assert told["evidence"]
    assert all(told["versions"].values())


class TestHints:
    """What the channel knows decides where the text is silent, and never silently beats clear words."""

    def test_it_decides_a_pair(self) -> None:
        found = locate("bandung macet parah", hints=Hints((("32.73", OWN_LINE),)))
        assert (found.decision, found.regency) == ("decided", "32.73")

    def test_a_text_without_a_place_is_not_placed_by_the_senders_past_alone(self) -> None:
        assert locate("lampu mati", hints=Hints((("32.73", 60.0),))).decision != "decided"

    def test_the_forms_choice_places_a_text_without_a_place(self) -> None:
        assert locate("lampu mati", hints=Hints((("32.73", FORM_CHOICE),))).regency == "32.73"

    def test_clear_words_stand(self) -> None:
        found = locate(
            "jalan rusak di kec Lawang Kidul, kabupaten Muara Enim",
            hints=Hints((("32.73", FORM_CHOICE), ("99.99", 5.0))),
        )
        assert found.regency == "16.03"
        assert any(item.level == "hint" and not item.supports for item in found.evidence)


class TestThresholds:
    """When to decide is the caller's to say."""

    def test_a_higher_one_asks_more(self) -> None:
        text = "Rorotan banjir lagi"
        assert locate(text, thresholds=Thresholds(decide=0.3)).decision == "decided"
        assert locate(text, thresholds=Thresholds(decide=0.999)).decision == "ask"


class TestPoints:
    """Coordinates in the text, of a photo or from the form's map."""

    def test_a_point_in_the_text_is_read(self) -> None:
        found = locate("longsor di -3.65500, 103.77200 tolong")
        assert any(item.level == "point" and "koordinat dalam teks" in item.reading for item in found.evidence)

    def test_without_boundaries_it_says_that_it_is_the_nearest_capital(self) -> None:
        found = locate("lampu mati", hints=Hints(coordinates=Coordinates(-0.9471, 100.4172, "photo")))
        assert found.candidates[0].regency == "13.71"
        assert any("ibu kota terdekat" in item.reading for item in found.evidence)

    def test_a_point_abroad_says_nothing(self) -> None:
        assert locate("lampu mati", hints=Hints(coordinates=Coordinates(52.5, 13.4))).evidence == ()
