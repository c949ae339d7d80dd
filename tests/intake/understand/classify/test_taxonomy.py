"""The taxonomy is whole, and a regency may have it its own way."""

from __future__ import annotations

import pytest

from intake.understand.classify import UnknownTopic, UnknownUnit, classifier_for, taxonomy
from intake.understand.classify.taxonomy import AUTHORITIES, REGENCY, UnknownAuthority


def test_every_topic_is_complete() -> None:
    known = taxonomy()
    assert len(known.topics) >= 138
    for topic in known.topics.values():
        assert topic.group in known.groups
        assert topic.authority in AUTHORITIES
        assert topic.name_id
        assert topic.name_en
        assert topic.official
        assert topic.deadline in ("informasi", "tidak_berkadar", "berkadar")
        assert topic.urgency in ("darurat", "tinggi", "sedang", "rendah")
        if topic.authority in ("province", "national"):
            assert topic.forward_to


def test_alleged_misconduct_is_berkadar_and_a_question_is_always_short() -> None:
    known = taxonomy()
    assert known.deadline_class("HKM.01", "pengaduan") == "berkadar"
    assert known.deadline_class("INF.01", "pengaduan") == "tidak_berkadar"
    assert known.deadline_class("HKM.01", "permintaan_informasi") == "informasi"


def test_a_unit_is_found_by_what_people_call_it() -> None:
    found = taxonomy().unit_called("capil")
    assert found is not None
    assert found.key == "DISDUKCAPIL"
    assert taxonomy().unit_called("tidak ada") is None


def test_a_regency_renames_units_and_gives_topics_to_others() -> None:
    overrides = {
        "units": {"PERKIM": {"name": "Dinas Perkimtan", "aliases": ["Kimtan"]}, "BALAI": {"name": "Balai Lampu"}},
        "topics": {"TRN.01": {"unit": "BALAI"}, "LST.01": {"authority": REGENCY, "unit": "PERKIM"}},
    }
    own = taxonomy().for_regency(overrides)
    renamed = own.unit_called("kimtan")
    assert renamed is not None
    assert renamed.name == "Dinas Perkimtan"
    assert own.unit_called("Dinas Perumahan dan Kawasan Permukiman") == renamed
    assert own.topic("INF.09").unit == renamed
    assert taxonomy().topic("TRN.01").unit.key == "DISHUB"
    found = classifier_for(own).classify("lampu jalan mati di gang mawar, gelap")
    assert (found.topic, found.unit) == ("TRN.01", "Balai Lampu")
    assert classifier_for(own).classify("listrik padam terus").unit == "Dinas Perkimtan"


def test_overrides_that_name_nothing_are_refused() -> None:
    with pytest.raises(UnknownTopic):
        taxonomy().for_regency({"topics": {"XXX.99": {"unit": "DLH"}}})
    with pytest.raises(UnknownUnit):
        taxonomy().for_regency({"topics": {"INF.01": {"unit": "NOBODY"}}})
    with pytest.raises(UnknownAuthority):
        taxonomy().for_regency({"topics": {"INF.01": {"authority": "galaxy"}}})
    with pytest.raises(UnknownTopic):
        taxonomy().topic("XXX.99")
