"""The table of states is whole and has no dead ends but the wanted ones."""

from __future__ import annotations

from intake.domain.report import AT_REST, AT_THE_DESK, FOR_TRIAGE, STEPS, State, states_before


def test_every_state_has_its_steps_and_can_be_reached() -> None:
    assert set(STEPS) == set(State)
    reachable = {State.DITERIMA}
    while True:
        further = reachable | {to for state in reachable for to in STEPS[state]}
        if further == reachable:
            break
        reachable = further
    assert reachable == set(State)


def test_nothing_is_a_grave() -> None:
    """From everywhere a report can come back to somebody's desk: what is put aside is restorable."""
    for start in State:
        seen, front = {start}, {start}
        while front:
            front = {to for state in front for to in STEPS[state]} - seen
            seen |= front
        assert seen & (AT_THE_DESK | FOR_TRIAGE), start


def test_the_groups_do_not_overlap() -> None:
    assert not AT_REST & AT_THE_DESK
    assert not FOR_TRIAGE & AT_THE_DESK
    assert not FOR_TRIAGE & AT_REST


def test_states_before_is_the_table_read_backwards() -> None:
    for to in State:
        assert states_before(to) == {state for state in State if to in STEPS[state]}
