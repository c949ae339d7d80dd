"""The data files are written in the form in which texts are matched, or their terms would never be found."""

from __future__ import annotations

import re

import pytest

from intake.understand.classify import lexicon, taxonomy
from intake.understand.classify.lexicon import CUES, Lexicon, classes_of
from intake.understand.classify.matching import Matcher
from intake.understand.classify.stems import Roots
from intake.understand.classify.terms import INDEX, UnreadableTerm, arrange, index_terms, terms_of, write_terms
from intake.understand.text import read_table, words_of


@pytest.mark.parametrize("name", ["lexicon.tsv", "classify_cues.tsv"])
def test_every_term_survives_its_own_spelling(name: str) -> None:
    known = {*taxonomy().topics, *taxonomy().groups, *CUES}
    changed = []
    for line in read_table(name):
        if line.startswith("#"):
            continue
        about, weight, terms = line.split("\t")
        assert about in known
        assert float(weight) > 0
        for term in terms.split(","):
            changed += [word for word in re.split("[ _~]", term.strip()) if words_of(word) != [word]]
    assert changed == []


def test_every_topic_that_people_report_has_words() -> None:
    named = {line.split("\t")[0] for line in read_table("lexicon.tsv") if not line.startswith("#")}
    assert set(taxonomy().topics) - named == {"LLN.04"}


def test_words_are_cut_to_roots_we_know_and_others_keep_their_form() -> None:
    roots = Roots(["perbaiki", "jembatan", "bayar", "sekolah"])
    assert roots.of(["diperbaiki", "jembatannya", "pembayaran", "disekolah", "xyzzy"]) == [
        "perbaiki",
        "jembatan",
        "bayar",
        "sekolah",
        "xyzzy",
    ]


def test_words_without_vowels_are_known_by_their_consonants() -> None:
    assert Roots(["jembatan", "lampu"]).of(["jmbtn", "tolong"]) == ["jembatan", "tolong"]


def test_phrases_ask_for_order_and_nearness() -> None:
    terms = [("lampu jalan", 0, 2.0), ("surat_izin", 0, 2.0), ("mati~lampu", 0, 2.0), ("a b c", 0, 1.0)]
    matcher = Matcher(index_terms(terms))

    def found(text: str) -> set[str]:
        return {hit.term for hit in matcher.find(text.split())}

    assert found("lampu di jalan") == {"lampu jalan"}
    assert found("jalan lampu") == set()
    assert found("surat izin") == {"surat_izin"}
    assert found("surat untuk izin") == set()
    assert found("lampu kami sudah lama mati") == {"mati~lampu"}
    assert found("a x b x c") == {"a b c"}


def test_a_term_too_long_is_refused() -> None:
    with pytest.raises(UnreadableTerm):
        index_terms([("a b c d", 0, 1.0)])


def test_a_term_counts_once_however_often_it_stands_in_a_text() -> None:
    once, often = lexicon().read("trotoar"), lexicon().read("trotoar trotoar trotoar")
    assert once.scores == often.scores


def test_three_repeated_letters_in_an_abbreviation_stay_a_word() -> None:
    assert words_of("seleksi pppk") == words_of("seleksi p3k") == ["seleksi", "pppk"]


def test_the_index_of_terms_fits_the_files_it_was_made_from() -> None:
    made = write_terms(taxonomy(), classes_of(taxonomy()))
    assert made.splitlines() == read_table(INDEX), "run python tools/index_lexicon.py"


def test_the_index_says_what_the_files_say() -> None:
    classes = classes_of(taxonomy())
    assert terms_of(taxonomy(), classes) == arrange(
        taxonomy(), classes, read_table("lexicon.tsv"), read_table("classify_cues.tsv")
    )


def test_an_index_of_other_classes_is_not_believed() -> None:
    classes = classes_of(taxonomy())
    turned = (*classes[1:], classes[0])
    found = terms_of(taxonomy(), turned)
    assert found == arrange(taxonomy(), turned, read_table("lexicon.tsv"), read_table("classify_cues.tsv"))
    assert found != terms_of(taxonomy(), classes)


def test_a_term_of_several_groups_weighs_less_in_each_and_a_term_twice_in_one_class_keeps_the_greater_weight() -> None:
    lines = ["# words 1: for a test", "INF.01\t4\tlubang, gelap", "TRN.06\t4\tgelap", "INF.01\t2\tlubang"]
    known = Lexicon(taxonomy(), arrange(taxonomy(), classes_of(taxonomy()), lines, ["# cues 1:"]))
    worth = {hit.term: dict(hit.worth) for hit in known.read("gelap lubang").hits}
    assert worth["lubang"] == {known.number["INF.01"]: 4.0}
    assert worth["gelap"][known.number["INF.01"]] == worth["gelap"][known.number["TRN.06"]] < 4.0
    assert known.version == "words-1+cues-1"
