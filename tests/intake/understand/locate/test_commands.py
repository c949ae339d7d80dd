"""``sahut locate``: one text, a file of them, bad lines and all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from intake.commands.understand_locate import locate, read_hints


def run(*arguments: str, given: str | None = None) -> str:
    result = CliRunner().invoke(locate, list(arguments), input=given)
    assert result.exit_code == 0, result.output
    return result.output


def lines_of(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_one_text_is_told_as_json() -> None:
    told = json.loads(run("jalan rusak di kabupaten Muara Enim"))
    assert (told["decision"], told["regency"]) == ("decided", "16.03")


def test_it_can_be_told_in_words() -> None:
    told = run("--explain", "jalan rusak di kabupaten Muara Enim")
    assert "Kabupaten Muara Enim" in told
    assert "Dasarnya" in told


def test_a_file_is_answered_line_by_line_in_order(tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    rows = [
        {"text": "kabupaten Muara Enim"},
        {"text": "bandung macet", "hints": {"regencies": [["32.73", 300]]}},
        {"text": "lampu mati"},
    ]
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    answers = lines_of(run("--jsonl", str(file)))
    assert [answer["regency"] for answer in answers] == ["16.03", "32.73", None]


def test_a_bad_line_becomes_an_error_in_its_place() -> None:
    lines = [
        '{"text": "kabupaten Muara Enim"}',
        "not json",
        "[1, 2]",
        '{"txt": "no text"}',
        '{"text": 5}',
        '{"text": "x", "hints": {"regencies": [[1, 2, 3]]}}',
        '{"text": "x", "hints": 7}',
        '{"text": "x", "hints": {"regencies": [["16.03", "strong"]]}}',
        '{"text": "x", "hints": {"latitude": 1, "longitude": "east"}}',
        '{"text": "x", "hints": {"latitude": 1, "longitude": 2, "origin": "moon"}}',
        '{"text": "\\ud800 kota Kupang"}',
        '{"text": "kota Kupang"}',
    ]
    given = "\n".join(lines)
    answers = lines_of(run("--jsonl", "-", given=given))
    assert len(answers) == 12
    assert [("error" in answer) for answer in answers] == [False, *[True] * 9, False, False]
    assert answers[-1]["regency"] == "53.71"


def test_without_a_text_it_says_how() -> None:
    result = CliRunner().invoke(locate, [])
    assert result.exit_code == 2
    assert "TEXT" in result.output


def test_hints_are_read_from_json() -> None:
    hints = read_hints({"regencies": ["16.03", ["16.71", 5]], "latitude": -3.0, "longitude": 104.0, "origin": "photo"})
    assert hints.regencies == (("16.03", 60.0), ("16.71", 5.0))
    assert hints.coordinates is not None
    assert hints.coordinates.origin == "photo"
    assert read_hints(None) == read_hints({})


def test_infinite_strengths_are_refused() -> None:
    with pytest.raises(ValueError, match="strength"):
        read_hints({"regencies": [["16.03", float("inf")]]})
