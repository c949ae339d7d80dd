"""The compiled gazetteer against the official counts, and its look-ups."""

from __future__ import annotations

import gzip

import pytest

from intake.understand.locate import districts_of, provinces, regencies, villages_of
from intake.understand.locate.gazetteer import DATA, gazetteer
from intake.understand.locate.tokens import key_of
from tools.build_gazetteer import compile_gazetteer


def test_it_counts_what_the_decree_counts() -> None:
    gaz = gazetteer()
    assert len(gaz.provinces) == 38
    assert len(gaz.regencies) == 514
    assert sum(regency.is_city for regency in gaz.regencies) == 98
    assert len(gaz.district_regency) == 7_285
    assert len(gaz.village_district) == 83_762
    assert sum(number < 2000 for number in gaz.village_number) == 8_496  # kelurahan


def test_the_compiled_file_is_what_its_sources_give() -> None:
    assert gzip.decompress((DATA / "gazetteer.bin.gz").read_bytes()) == compile_gazetteer()


def test_every_region_is_reached_from_above() -> None:
    codes = [code for regency in regencies() for district in districts_of(regency) for code in [district.code]]
    assert len(codes) == len(set(codes)) == 7_285
    assert sum(len(villages_of(code)) for code in codes) == 83_762


def test_a_regency_knows_what_the_form_and_the_desk_show() -> None:
    muara_enim = regencies()["16.03"]
    assert muara_enim.name == "Kabupaten Muara Enim"
    assert muara_enim.short == "Kab. Muara Enim"
    assert (muara_enim.province_code, muara_enim.province) == ("16", "Sumatera Selatan")
    assert muara_enim.zone == "WIB"
    assert regencies()["31.74"].short == "Kota Jakarta Selatan"
    assert regencies()["71.09"].name == "Kabupaten Kepulauan Siau Tagulandang Biaro"


@pytest.mark.parametrize(
    ("code", "zone"),
    [("61.71", "WIB"), ("62.71", "WIB"), ("63.71", "WITA"), ("65.71", "WITA"), ("51.71", "WITA"), ("82.71", "WIT")],
)
def test_time_zones_follow_the_presidential_decree(code: str, zone: str) -> None:
    assert regencies()[code].zone == zone


def test_districts_and_villages_come_with_names_and_postcodes() -> None:
    lawang_kidul = next(district for district in districts_of("16.03") if district.name == "Lawang Kidul")
    tegal_rejo = next(village for village in villages_of(lawang_kidul.code) if village.name == "Tegal Rejo")
    assert tegal_rejo.code.startswith(lawang_kidul.code + ".")
    assert tegal_rejo.postcode is not None
    assert tegal_rejo.postcode.isdigit()
    assert len(tegal_rejo.postcode) == 5


def test_unknown_codes_have_nothing_inside() -> None:
    assert districts_of("99.99") == ()
    assert villages_of("99.99.99") == ()
    assert villages_of("16.03.99") == ()


def test_every_official_name_is_found_under_its_key() -> None:
    gaz = gazetteer()
    for number in range(0, 83_762, 97):
        key = key_of(gaz.village_name(number))
        if len(key) > 1 and not key.isdigit():
            assert key in gaz.index, gaz.village_name(number)
    for number in range(7_285):
        name = gaz.district_name(number)
        assert "(" in name or key_of(name) in gaz.index, name


def test_every_alias_names_a_regency_and_its_source() -> None:
    lines = (DATA / "places_aliases.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0].split("\t") == ["alias", "regency", "kind", "flags", "source"]
    for line in lines[1:]:
        alias, regency, kind, _, source = line.split("\t")
        assert alias == alias.lower()
        assert regency in regencies()
        assert kind in {"acronym", "variant", "former", "capital", "place", "area"}
        assert source


def test_provinces_are_in_the_order_of_their_codes() -> None:
    codes = [province.code for province in provinces()]
    assert codes == sorted(codes)
    assert {province.zone for province in provinces()} == {"WIB", "WITA", "WIT"}
