"""Points: inside a polygon, beside one, without any; and the import of boundaries."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from intake.commands.regions import imported_boundaries, regions
from intake.understand.locate import (
    Boundaries,
    Coordinates,
    Hints,
    UnreadableBoundaries,
    load_boundaries,
    locate,
    read_boundaries,
    save_boundaries,
)
from intake.understand.locate.coordinates import regencies_near, written_coordinates


def square(west: float, south: float, size: float = 1.0) -> list[list[float]]:
    return [[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]]


def feature(code: object, *rings: list[Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"kode": code},
        "geometry": {"type": "Polygon", "coordinates": list(rings)},
    }


COLLECTION: dict[str, Any] = {
    "type": "FeatureCollection",
    "features": [
        feature("16.03", square(103, -4), square(103.5, -3.75, 0.25)),
        feature(1671, square(104, -4)),
        {
            "type": "Feature",
            "properties": {"kode": "64.08"},
            "geometry": {"type": "MultiPolygon", "coordinates": [[square(117, 0)], [square(118.5, 0, 0.5)]]},
        },
    ],
}


@pytest.fixture
def boundaries() -> Boundaries:
    return read_boundaries(COLLECTION)


def test_a_point_lies_in_its_polygon(boundaries: Boundaries) -> None:
    assert boundaries.inside(-3.5, 103.1) == "16.03"
    assert boundaries.inside(-3.5, 104.5) == "16.71"
    assert boundaries.inside(0.2, 118.6) == "64.08"


def test_a_hole_and_the_sea_are_outside(boundaries: Boundaries) -> None:
    assert boundaries.inside(-3.6, 103.6) is None
    assert boundaries.inside(-8.0, 103.5) is None


def test_beside_all_polygons_the_nearest_is_told_with_its_distance(boundaries: Boundaries) -> None:
    near = boundaries.nearest(0.5, 118.1)
    assert near is not None
    assert near[0] == "64.08"
    assert near[1] == pytest.approx(11.1, abs=0.2)


def test_far_from_every_polygon_nothing_is_near(boundaries: Boundaries) -> None:
    assert boundaries.nearest(-9.0, 110.0) is None
    assert regencies_near(Coordinates(-9.0, 110.0), boundaries) is None


def test_a_point_inside_decides_and_says_how(boundaries: Boundaries) -> None:
    found = locate("lampu mati", hints=Hints(coordinates=Coordinates(-3.5, 103.1, "photo")), boundaries=boundaries)
    assert (found.decision, found.regency) == ("decided", "16.03")
    assert any("koordinat foto: di dalam batas wilayah" in item.reading for item in found.evidence)


def test_boundaries_are_kept_as_they_were(boundaries: Boundaries, tmp_path: Path) -> None:
    save_boundaries(boundaries, tmp_path / "data" / "boundaries.json.gz")
    assert load_boundaries(tmp_path / "data" / "boundaries.json.gz") == boundaries


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"features": []},
        {"features": [feature("99.99", square(0, 0))]},
        {"features": [feature("16.03", [["a", "b"], ["c", "d"], ["e", "f"]])]},
        {"features": ["x"]},
    ],
)
def test_what_is_no_boundary_file_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UnreadableBoundaries):
        read_boundaries(wrong)


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("longsor di -6.20000, 106.81660 tolong", (-6.2, 106.8166)),
        ("https://maps.example/?q=-6.914744,107.609810", (-6.914744, 107.60981)),
        ("3.5952 98.6722", (3.5952, 98.6722)),
        ("harga 12.500 , 107.000 rupiah", None),
        ("tanggal 12.12.2020, jam 10.30", None),
        ("52.52000, 13.40500", None),
    ],
)
def test_decimal_degrees_in_a_text(text: str, point: tuple[float, float] | None) -> None:
    found = written_coordinates(text)
    assert (None if found is None else (found.latitude, found.longitude)) == point


def test_the_command_imports_what_locate_then_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAHUT_DATA", str(tmp_path / "data"))
    assert imported_boundaries() is None
    file = tmp_path / "kabupaten.geojson.gz"
    file.write_bytes(gzip.compress(json.dumps(COLLECTION).encode()))
    result = CliRunner().invoke(regions, ["import", str(file)])
    assert result.exit_code == 0, result.output
    assert "3 of 514 regencies, 4 polygons" in result.output
    imported = imported_boundaries()
    assert imported is not None
    assert imported.inside(-3.5, 104.5) == "16.71"


@pytest.mark.parametrize("content", [b"not json", b"[]", b'{"features": []}', b"\x1f\x8bbroken"])
def test_the_command_says_what_is_wrong(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAHUT_DATA", str(tmp_path))
    file = tmp_path / "wrong.geojson"
    file.write_bytes(content)
    result = CliRunner().invoke(regions, ["import", str(file)])
    assert result.exit_code == 1
    assert "wrong.geojson" in result.output
