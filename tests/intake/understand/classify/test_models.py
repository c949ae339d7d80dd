"""Models are plain numbers: trained, refused when damaged or worse, activated and rolled back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from intake.commands.models import Quality, measure, models
from intake.commands.train import Example, UnreadableExamples, is_held_back, read_examples, train, train_model
from intake.commands.understand_classify import answer_lines, classify
from intake.understand.classify import LexiconJudge, LinearJudge, UnusableModel, lexicon, parse_model
from intake.understand.classify.shelf import ModelShelf

TOPICS = (
    ("INF.01", "jalan berlubang dan becek di dusun nomor {}", "pengaduan", "sedang"),
    ("LHD.01", "sampah menumpuk tidak diangkut di gang nomor {}", "pengaduan", "tinggi"),
    ("ADM.01", "apa syarat membuat ktp untuk anak nomor {}", "permintaan_informasi", "rendah"),
    ("BCN.04", "tolong kebakaran rumah ada orang terjebak di nomor {}", "pengaduan", "darurat"),
    ("LLN.01", "terima kasih jalan sudah bagus pak {}", "terima_kasih", "rendah"),
    ("INF.07", "usul taman bermain dibangun di blok {}", "aspirasi", "rendah"),
)


def write_corrections(path: Path, rows: int = 60) -> Path:
    """Write invented corrections as the desk exports them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "topic", "type", "urgency", "not_a_report"])
        for number in range(rows):
            for code, text, kind, urgency in TOPICS:
                writer.writerow([f"{code}-{number}", text.format(number), code, kind, urgency, ""])
            writer.writerow([f"spam-{number}", f"promo pinjaman cepat cair hubungi {number}", "", "", "", "iklan"])
    return path


def small_model(path: Path) -> dict[str, object]:
    examples = [example for example in read_examples(path, lexicon()) if not example.held_back]
    return train_model(examples, lexicon(), version="small")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAHUT_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_train_activate_refuse_and_roll_back(home: Path) -> None:
    corrections = write_corrections(home / "corrections.csv")
    run = CliRunner()
    done = run.invoke(train, [str(corrections), "--version", "first"])
    assert done.exit_code == 0, done.output
    assert "held back" in done.output
    assert run.invoke(models, ["list"]).output.splitlines()[:3] == ["* shipped", "  lexicon", "  first"]

    done = run.invoke(models, ["activate", "first", "--corrections", str(corrections)])
    assert done.exit_code == 0, done.output
    assert "* first" in run.invoke(models, ["list"]).output
    shown = run.invoke(models, ["compare", "first", "lexicon", "--corrections", str(corrections)])
    assert [line.split()[0] for line in shown.output.splitlines()] == ["model", "first", "lexicon"]

    worse = json.loads((home / "models" / "first.json").read_text("utf-8"))
    worse["bias"] = [9.0 if number == 0 else -9.0 for number in range(len(worse["bias"]))]
    worse["dense"] = [[0.0] * len(worse["dense_names"]) for _ in worse["dense"]]
    (home / "models" / "worse.json").write_text(json.dumps(worse), encoding="utf-8")
    done = run.invoke(models, ["activate", "worse", "--corrections", str(corrections)])
    assert done.exit_code == 1
    assert "worse than first" in done.output
    assert ModelShelf(home / "models").active() == "first"

    assert run.invoke(models, ["rollback"]).output == "shipped is active again\n"
    assert run.invoke(models, ["rollback"]).exit_code == 1


def test_too_few_held_back_examples_decide_nothing(home: Path) -> None:
    corrections = write_corrections(home / "few.csv", rows=3)
    done = CliRunner().invoke(models, ["activate", "lexicon", "--corrections", str(corrections)])
    assert done.exit_code == 1
    assert "needed" in done.output


def test_a_model_carries_hashes_and_no_words(tmp_path: Path) -> None:
    model = small_model(write_corrections(tmp_path / "c.csv"))
    text = json.dumps({name: value for name, value in model.items() if name not in ("heads", "dense_names")})
    assert "becek" not in text
    assert "sampah" not in text


def test_held_back_examples_are_never_trained_on() -> None:
    held = next(f"row-{number}" for number in range(99) if is_held_back(f"row-{number}"))
    with pytest.raises(UnreadableExamples):
        train_model([Example(held, "jalan rusak", "INF.01", "pengaduan", "sedang", None)], lexicon(), version="x")


def test_damaged_models_are_refused(tmp_path: Path) -> None:
    model = small_model(write_corrections(tmp_path / "c.csv"))
    LinearJudge(lexicon(), model)
    for name, value in (("features", 0), ("weights", ""), ("bias", [1.0]), ("heads", []), ("dense", [[1.0]])):
        with pytest.raises(UnusableModel):
            LinearJudge(lexicon(), {**model, name: value})
    for text in ("", "[]", "{", "3"):
        with pytest.raises(UnusableModel):
            LinearJudge(lexicon(), parse_model(text))


def test_an_active_model_that_is_gone_leaves_the_shipped_one_in_charge(tmp_path: Path) -> None:
    tmp_path.joinpath("active.json").write_text('["shipped", "gone"]', encoding="utf-8")
    assert ModelShelf(tmp_path).classifier().classify("jalan rusak").versions["model"].startswith("shipped")


def test_corrections_that_make_no_sense_are_named_by_row(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    for row, word in (('{"text": ""}', "no text"), ('{"text": "a", "topic": "X"}', "topic"), ("3", "object")):
        bad.write_text(row + "\n", encoding="utf-8")
        with pytest.raises(UnreadableExamples, match=word):
            list(read_examples(bad, lexicon()))


def test_quality_counts_groups_emergencies_and_reports_put_aside(tmp_path: Path) -> None:
    examples = list(read_examples(write_corrections(tmp_path / "c.csv"), lexicon()))
    found = measure(LexiconJudge(lexicon()), examples)
    assert found.examples == sum(1 for e in examples if e.held_back and not e.not_a_report)
    assert 0.0 < found.group_macro_f1 <= 1.0
    base = Quality(100, 0.8, 0.8, 1.0, 0.0)
    assert base.is_worse_than(base) is None
    assert Quality(100, 0.7, 0.8, 1.0, 0.0).is_worse_than(base) == "topic groups"
    assert Quality(100, 0.8, 0.8, 0.9, 0.0).is_worse_than(base) == "emergencies missed"
    assert Quality(100, 0.8, 0.8, 1.0, 0.1).is_worse_than(base) == "reports put aside"


def test_jsonl_answers_stay_in_step_and_a_bad_line_ends_nothing() -> None:
    lines = ['{"id": 7, "text": "jalan rusak"}\n', "{oops\n", "\n", '"listrik padam"\n', "[1]\n", '{"id": 9}\n']
    answers = list(answer_lines(lines))
    assert [answer.get("error") for answer in answers] == [None, "not JSON", None, "no text", "no text"]
    assert (answers[0]["id"], answers[0]["group"], answers[2]["group"], answers[4]["id"]) == (7, "INF", "LST", 9)


def test_the_command_answers_in_json_or_in_words(home: Path) -> None:
    run = CliRunner()
    assert json.loads(run.invoke(classify, ["jalan rusak"]).output)["topic"] == "INF.01"
    assert "Jalan rusak" in run.invoke(classify, ["jalan rusak", "--explain"]).output
    assert "Bukan laporan: uji_coba" in run.invoke(classify, ["tes", "--explain"]).output
    answers = run.invoke(classify, ["--jsonl", "-"], input='{"text": "air pdam mati"}\nnope\n').output.splitlines()
    assert [json.loads(line).get("error") for line in answers] == [None, "not JSON"]
    assert run.invoke(classify, []).exit_code == 2
