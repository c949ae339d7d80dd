"""The release before on the tables of this one: while hosts are upgraded one after the other, both run.

Migrations are therefore made so that the code before them goes on: columns are added with a default or nullable, and what
is no longer used is dropped a release later. The release before is taken out of the repository's history; a copy of the
tree without its history has no release before, and nothing is collected here.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.house import PASSWORD, ROOT, Browser, House, wait_for

#: The release before this one; a new one is written here when it is made.
RELEASE_BEFORE = "49ae0d0"
PHONE = "+628110000001"
CLEAR = "jalan rusak parah di desa Tegal Rejo kec Lawang Kidul kab Muara Enim"
_PARTS = ("channels", "intake", "workers")


def _its_code() -> bytes | None:
    try:
        return subprocess.run(
            ["git", "archive", "--format=tar", RELEASE_BEFORE, *_PARTS], cwd=ROOT, capture_output=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


CODE = _its_code()

if CODE is not None:

    @pytest.fixture
    def house_before(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[House]:
        """The release before, running on a database that has the tables of this release."""
        root = tmp_path / "before"
        with tarfile.open(fileobj=io.BytesIO(CODE or b"")) as archive:
            archive.extractall(root)  # our own history: Python 3.11.2 and 3.11.3 know no filter
        data = tmp_path / "data"
        data.mkdir()
        house = House(data, database_url, redis_url, root=root)
        house.add_officer("muaraenim", "16.03")
        try:
            house.start()
            yield house
        finally:
            house.stop()

    def test_it_is_the_release_before_that_runs(house_before: House) -> None:
        asked = [sys.executable, "-c", "import intake, workers; print(intake.__file__, workers.__file__)"]
        told = subprocess.run(
            asked, env=house_before.environ, cwd=house_before.root, capture_output=True, text=True, check=True
        )
        assert told.stdout.count(f"{house_before.root}/") == 2

    def test_a_report_goes_its_whole_way(house_before: House) -> None:
        house = house_before
        house.send_sms(PHONE, CLEAR)
        assert "Kab. Muara Enim" in house.wait_for_sms(PHONE)[0]
        ((reference,),) = house.figures("select reference from report")
        officer = Browser(house.url)
        officer.get("/meja")
        officer.submit("/meja/masuk", username="muaraenim", password=PASSWORD)
        officer.get(f"/meja/{reference}")
        officer.submit(f"/meja/{reference}/jawab", words="Tim kami turun besok pagi.")
        assert "Tim kami turun besok pagi" in house.wait_for_sms(PHONE, 2)[1]
        officer.get(f"/meja/{reference}")
        officer.submit(f"/meja/{reference}/selesai", reason="")
        assert "selesai" in house.wait_for_sms(PHONE, 3)[2]
        officer.close()
        wait_for(
            lambda: all(state == ("delivered",) for state in house.figures("select state from reply")),
            of="the delivery receipts",
        )

    def test_both_releases_work_side_by_side(house_before: House, tmp_path: Path) -> None:
        """Its web and relay, our worker: what one promises the other keeps."""
        before = house_before
        before.kill("worker")
        ours = House(before.data, before.database_url, before.redis_url)
        ours.environ |= before.environ | {"PYTHONPATH": str(ROOT)}
        try:
            ours.start("worker")
            before.send_sms(PHONE, CLEAR)
            assert "Kab. Muara Enim" in before.wait_for_sms(PHONE)[0]
            before.send_sms(PHONE, "CEK")
            before.wait_for_sms(PHONE, 2)
        finally:
            ours.stop()
