"""A document as PDF, read again by another library."""

from __future__ import annotations

import io
import logging
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader

from intake.paper import Paper

MADE_AT = datetime(2026, 11, 21, 15, tzinfo=UTC)


def words_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_everything_written_is_read_again() -> None:
    paper = Paper(title="Laporan 7K3-QX4M", made_at=MADE_AT, foot="7K3-QX4M")
    paper.heading("Laporan 7K3-QX4M")
    paper.facts([("Keadaan", "sudah dijawab"), ("Wilayah", "Kab. Muara Enim")])
    paper.section("Percakapan")
    paper.small("Pelapor · 21 November 2026")
    paper.paragraph("Jalan <b>rusak</b> **parah** sejak Agustus: 50 % & lebih")
    paper.table(["Waktu", "Langkah"], [("kemarin", "Dijawab")], widths=(1, 2))
    pdf = paper.as_pdf()
    reader = PdfReader(io.BytesIO(pdf))
    assert reader.metadata is not None
    assert reader.metadata.title == "Laporan 7K3-QX4M"
    words = words_of(pdf)
    for said in (
        "Kab. Muara Enim", "Jalan <b>rusak</b> **parah** sejak Agustus: 50 % & lebih", "Langkah", "Dijawab", "1/1",
    ):  # fmt: skip
        assert said in words


def test_long_texts_and_tables_go_on_over_pages() -> None:
    paper = Paper(title="x", made_at=MADE_AT)
    paper.paragraph("kata " * 3000)
    paper.table(["Waktu", "Langkah"], [(f"hari {n}", "x " * 80) for n in range(60)], widths=(1, 3))
    reader = PdfReader(io.BytesIO(paper.as_pdf()))
    assert len(reader.pages) > 3
    assert "hari 59" in reader.pages[-1].extract_text()
    assert f"{len(reader.pages)}/{len(reader.pages)}" in reader.pages[-1].extract_text()


@pytest.mark.parametrize(
    "text", ["", "\n\n", "a\u200bb\ufeff", "😀🏚️", "हिन्दी ꦗꦮ 中文", "x" * 500, "\udcff", "\x07", "العربية"]
)
def test_whatever_a_citizen_writes_a_page_comes_out_and_nothing_is_logged(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="sahut"):
        paper = Paper(title=text, made_at=MADE_AT, foot=text)
        paper.heading(text)
        paper.paragraph(text)
        paper.facts([("Nama", text)])
        assert paper.as_pdf().startswith(b"%PDF-")
    assert caplog.text == ""


def test_what_cannot_be_shown_leaves_a_mark() -> None:
    paper = Paper(title="x", made_at=MADE_AT)
    paper.paragraph("banjir 🏚 di sini")
    assert "banjir ▯ di sini" in words_of(paper.as_pdf())
