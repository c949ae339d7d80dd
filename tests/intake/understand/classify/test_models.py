"""Models are plain numbers: trained, refused when damaged or worse, activated and rolled back."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from intake.commands.examples import (
    OWN_CORPUS,
    Example,
    UnreadableExamples,
    is_held_back,
    labels_of,
    read_examples,
)
from intake.commands.models import Quality, measure, models
from intake.commands.train import sureness_for, temperature_for, train, train_model
from intake.commands.understand_classify import answer_lines, classify
from intake.understand.classify import LexiconJudge, LinearJudge, UnusableModel, lexicon, parse_model
from intake.understand.classify.features import hashed
from intake.understand.classify.shelf import ModelShelf

ROOT = Path(__file__).parents[4]
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


@pytest.fixture(scope="module")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = write_corrections(tmp_path_factory.mktemp("small") / "corrections.csv")
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


def test_a_model_carries_hashes_and_no_words(small_model: dict[str, Any]) -> None:
    text = json.dumps({name: value for name, value in small_model.items() if name not in ("heads", "dense_names")})
    assert "becek" not in text
    assert "sampah" not in text


def test_held_back_examples_are_never_trained_on() -> None:
    held = next(f"row-{number}" for number in range(99) if is_held_back(f"row-{number}"))
    with pytest.raises(UnreadableExamples):
        train_model([Example(held, "jalan rusak", "INF.01", "pengaduan", "sedang", None)], lexicon(), version="x")


def test_damaged_models_are_refused(small_model: dict[str, Any]) -> None:
    LinearJudge(lexicon(), small_model)
    for name, value in (
        ("features", 0),
        ("weights", ""),
        ("bias", [1.0]),
        ("heads", []),
        ("dense", [[1.0]]),
        ("sureness", [1.0]),
        ("check", 1),
    ):
        with pytest.raises(UnusableModel):
            LinearJudge(lexicon(), {**small_model, name: value})
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


def test_thanks_teach_what_they_are_given_for_and_no_topic_of_their_own(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        '{"text": "jalan sudah mulus", "topic": "LLN.01", "type": "terima_kasih", "also": ["INF.01"]}\n'
        '{"text": "mantap", "topic": "LLN.01", "type": "terima_kasih", "also": []}\n',
        encoding="utf-8",
    )
    labels = [labels_of(example, lexicon()) for example in read_examples(rows, lexicon())]
    assert [(label["group"], label["type"]) for label in labels] == [("INF", "terima_kasih"), (None, "terima_kasih")]


def test_training_files_of_the_project_hold_no_row_that_is_measured_with() -> None:
    for name in (Path(corpus).name for corpus in OWN_CORPUS if corpus.startswith("tools/")):
        examples = list(read_examples(ROOT / "tools" / name, lexicon()))
        assert examples
        assert [example.id for example in examples if example.held_back] == []


def test_the_first_and_the_last_word_are_known_as_such() -> None:
    first, turned = (hashed(lexicon().read(text)) for text in ("lampu jalan lampu", "jalan lampu jalan"))
    assert len(first & turned) == len({"lampu", "jalan", "lampu jalan", "jalan lampu"})
    assert len(first) == len(turned) == 7
    assert hashed(lexicon().read("...")) == set()


def test_a_model_is_surer_the_further_the_next_group_lies_behind(small_model: dict[str, Any]) -> None:
    known = lexicon()
    texts = ("sampah", "jalan berlubang dan becek di dusun", "zzz")
    slow, fast = (LinearJudge(known, {**small_model, "sureness": [0.0, slope]}) for slope in (0.1, 2.0))
    for text in texts:
        reading = known.read(text)
        groups = sorted(fast.logits(reading)[: len(fast.weigh(reading).groups)])
        assert fast.weigh(reading).sure == pytest.approx(1 / (1 + np.exp(-2.0 * (groups[-1] - groups[-2]))))
        assert 0.5 <= slow.weigh(reading).sure <= fast.weigh(reading).sure <= 1.0


def test_a_text_of_many_thousand_words_adds_up_like_a_short_one(small_model: dict[str, Any]) -> None:
    judge = LinearJudge(lexicon(), small_model)
    words = "jalan berlubang dan becek di dusun nomor"
    reading = lexicon().read(words)
    by_hand = [
        sum(judge.word_weight(key, column) for key in hashed(reading)) for column in range(len(judge.logits(reading)))
    ]
    share = max(1, sum(any(judge.word_weight(key, c) for c in range(len(by_hand))) for key in hashed(reading))) ** -0.5
    nothing = LinearJudge(lexicon(), {**small_model, "keys": "", "weights": "", "check": 0}).logits(reading)
    expected = [share * total + rest for total, rest in zip(by_hand, nothing, strict=True)]
    assert judge.logits(reading) == pytest.approx(expected)
    assert judge.weigh(lexicon().read(words * 2_000)).no_report <= 1.0


def sure_leads(unseen: np.ndarray, counts: np.ndarray, leads: list[float]) -> list[bool]:
    """Whether a lead of so much makes a model sure (0.8), told by predictions that should all have been the first class."""
    start, slope = sureness_for(unseen, np.zeros(len(unseen), dtype=int), counts)
    return [start + slope * lead >= np.log(4) for lead in leads]


def test_a_model_that_is_often_wrong_when_sure_is_made_to_say_less() -> None:
    close, far = [[0.0, -1.0]] * 60 + [[-1.0, 0.0]] * 40, [[0.0, -6.0]] * 99 + [[-6.0, 0.0]]
    even = np.ones(200)
    assert sure_leads(np.array(close + far), even, [1.0, 6.0]) == [False, True]
    wrong = [[0.0, -6.0]] * 80 + [[-6.0, 0.0]] * 20
    assert sure_leads(np.array(close + wrong), even, [1.0, 6.0]) == [False, False]
    assert sure_leads(np.array(far + wrong), np.array([1.0] * 100 + [0.05] * 100), [6.0]) == [True]


def test_a_temperature_is_low_for_who_is_right_and_high_for_who_is_wrong_and_rows_count_as_told() -> None:
    right, wrong = [[0.0, -3.0]] * 50, [[-3.0, 0.0]] * 50
    truth, even = np.zeros(50, dtype=int), np.ones(50)
    assert temperature_for(np.array(right), truth, even) == 0.4
    assert temperature_for(np.array(wrong), truth, even) == 2.0
    both, counts = np.array(right + wrong), np.array([1.0] * 50 + [0.0] * 50)
    assert temperature_for(both, np.zeros(100, dtype=int), counts) == 0.4
