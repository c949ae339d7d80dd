"""Every recorded conversation goes as it was written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.runtime import Runtime
from tests.conversations.play import Conversation, Differs
from tests.fakes import FakeChannel

FILES = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_conversation(rt: Runtime, sms: FakeChannel, file: Path) -> None:
    Conversation(rt, sms).play(file.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize(
    "wrong",
    [
        ["> jalan rusak di kab Muara Enim", "< kata yang tidak ada"],
        ["> jalan rusak di kab Muara Enim"],
        ["> jalan rusak di kab Muara Enim", "< LAPOR", "= state selesai"],
        ["> jalan rusak di kab Muara Enim", "< LAPOR", "< LAPOR"],
        ["? what is this"],
    ],
)
def test_a_conversation_that_goes_otherwise_fails(rt: Runtime, sms: FakeChannel, wrong: list[str]) -> None:
    with pytest.raises(Differs):
        Conversation(rt, sms).play(wrong)


def test_there_are_enough() -> None:
    assert len(FILES) >= 60
