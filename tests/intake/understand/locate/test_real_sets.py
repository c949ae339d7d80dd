"""The two real development sets, where they are: a floor under what was measured."""

from __future__ import annotations

import csv
import os
from pathlib import Path

from intake.understand.locate import locate

SHARED = Path(os.environ.get("SAHUT_SHARED_DATA", Path(__file__).parents[5] / "shared" / "data")) / "places"


def rows_of(name: str) -> list[dict[str, str]]:
    with (SHARED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if SHARED.is_dir():

    def test_flood_records_go_to_their_regency() -> None:
        rows = [row for row in rows_of("bnpb_floods_2021_dev.csv") if row["label_agrees"] == "True"]
        right = sum(locate(row["text"]).regency == row["regency_code"] for row in rows)
        assert right / len(rows) >= 0.98

    def test_citizens_reports_are_answered_rightly_or_not_at_all() -> None:
        rows = [row for row in rows_of("petabencana_2020_dev.csv") if row["resolvable"] == "True"]
        found = [(locate(row["text"]).regency, row["regency_code"]) for row in rows]
        answered = [(regency, code) for regency, code in found if regency is not None]
        right = sum(regency == code for regency, code in answered)
        assert right / len(rows) >= 0.82
        assert right / len(answered) >= 0.94
