"""Workers classify with the model that was made active, and go over to another without a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.active_model import classify_here
from intake.commands.train import models_folder
from intake.understand.classify import classify
from intake.understand.classify.shelf import LEXICON, ModelShelf

TEXT = "jalan rusak parah di depan sekolah"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAHUT_DATA", str(tmp_path))
    return tmp_path


def test_without_a_choice_it_is_the_shipped_one() -> None:
    assert classify_here(TEXT) == classify(TEXT)


def test_what_is_made_active_is_used_at_once_and_so_is_the_way_back() -> None:
    shipped = classify_here(TEXT).versions["model"]
    shelf = ModelShelf(models_folder())
    shelf.activate(LEXICON)
    assert classify_here(TEXT).versions["model"] == "lexicon" != shipped
    shelf.roll_back()
    assert classify_here(TEXT).versions["model"] == shipped


def test_a_model_that_cannot_be_used_is_no_reason_to_stop(data: Path) -> None:
    (data / "models").mkdir()
    (data / "models" / "active.json").write_text('["shipped", "gone"]')
    assert classify_here(TEXT) == classify(TEXT)
