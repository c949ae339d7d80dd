"""Who believes nobody of the house: what citizens sent, against what providers and the regency's system were given.

The database is asked last, only whether it counts the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.chaos.citizens import REFERENCE, Sent
from tests.chaos.house import UNCERTAIN_SECONDS, StruckHouse
from tests.chaos.providers import Given


@dataclass
class Proof:
    """``lost`` and ``double`` must be empty. ``in_the_gap`` counts second copies that are documented (decision 0004)."""

    messages: int
    lost: list[str] = field(default_factory=list)
    double: list[str] = field(default_factory=list)
    in_the_gap: int = 0

    @property
    def holds(self) -> bool:
        return not self.lost and not self.double


def is_settled(house: StruckHouse, sent: Sequence[Sent]) -> bool:
    """Whether every citizen has an answer and every report lies with the regency."""
    answered = {(each.way, each.to) for each in house.outside.all_given()}
    expected = {(each.way, each.address) for each in sent if each.way != "web"}
    references = {each.reference for each in sent if each.reference}
    return (
        expected <= answered
        and len(house.outside.handed_over) >= len(sent)
        and references <= set(house.outside.handed_over)
    )


def prove(house: StruckHouse, sent: Sequence[Sent]) -> Proof:
    """Look at everything that was sent so far."""
    proof = Proof(len(sent))
    by_citizen: dict[tuple[str, str], list[Given]] = defaultdict(list)
    for copy in house.outside.all_given():
        by_citizen[copy.way, copy.to].append(copy)
    owners: dict[str, list[str]] = defaultdict(list)
    for each in sent:
        name = f"{each.way} {each.number}"
        if each.way == "web":
            owners[each.reference].append(name)
            continue
        given = by_citizen.pop((each.way, each.address), [])
        if not given:
            proof.lost.append(f"{name}: no answer")
            continue
        references = {found[1] for copy in given if (found := REFERENCE.search(copy.text))}
        if len(references) != 1:
            proof.double.append(f"{name}: answers with {len(references)} numbers")
        for reference in references:
            owners[reference].append(name)
        _judge_copies(proof, name, each, given)
    proof.double += [f"{way}: somebody who sent nothing got something" for (way, _) in by_citizen]
    proof.double += [f"one number for {who}" for who in owners.values() if len(who) > 1]
    for reference, who in owners.items():
        keys = house.outside.handed_over.get(reference, set())
        if len(keys) != 1:
            (proof.double if keys else proof.lost).append(f"{who[0]}: handed over under {len(keys)} ids")
    proof.double += ["a report nobody sent"] * len(set(house.outside.handed_over) - set(owners))
    _compare_with_the_database(proof, house, len(sent))
    return proof


def _judge_copies(proof: Proof, name: str, sent: Sent, given: list[Given]) -> None:
    if len(given) == 1:
        return
    moments = sorted(copy.at for copy in given)
    waited = all(later - earlier >= UNCERTAIN_SECONDS - 1 for earlier, later in pairwise(moments))
    # Twilio can be asked what it has: there is no gap. A mail server and Kannel cannot; a mail repeats its Message-ID.
    same = sent.way == "kannel" or (sent.way == "mail" and len({copy.id for copy in given}) == 1)
    if len(given) == 2 and waited and same:
        proof.in_the_gap += 1
    else:
        proof.double.append(f"{name}: {len(given)} copies within {moments[-1] - moments[0]:.1f} s")


def _compare_with_the_database(proof: Proof, house: StruckHouse, count: int) -> None:
    counted = house.ask("""select (select count(*) from message),
        (select count(distinct (channel, external_id)) from message),
        (select count(distinct report_id) from message), (select count(*) from report),
        (select count(*) from decision), (select count(distinct report_id) from decision)""")[0]
    for what, found in zip(
        ("messages", "ids", "reports with a message", "reports", "decisions", "reports decided"), counted, strict=True
    ):
        if found != count:
            (proof.double if int(str(found)) > count else proof.lost).append(f"{found} {what}, not {count}")
    parked = house.ask("select job, count(*) from outbox where parked_at is not null group by 1")
    proof.lost += [f"{many} promises {job} parked" for job, many in parked]
    proof.lost += ["a request in quarantine"] * int(str(house.ask("select count(*) from quarantine")[0][0]))
