"""The audit's arithmetic."""

from __future__ import annotations

from ops.audit.inputs import TopicAudit
from ops.audit.ledger import ANSWERED, REFUSED, Ledger


def test_lost_is_what_was_passed_over() -> None:
    ledger = Ledger(first=100, end=110, passed=106)
    for offset in (100, 101, 103, 103, 99, 200):
        ledger.note(offset, ANSWERED)
    ledger.note(104, REFUSED)
    sums = TopicAudit()
    sums.add(ledger, cumulative=False)
    assert sums == TopicAudit(records=10, answered=3, dead_letters=1, waiting=4, lost=2, repeated=1)


def test_running_answer_covers_what_came_before() -> None:
    ledger = Ledger(first=0, end=10, passed=9)
    ledger.note(6, ANSWERED)
    sums = TopicAudit()
    sums.add(ledger, cumulative=True)
    assert (sums.lost, sums.waiting) == (2, 1)


def test_empty_partition() -> None:
    sums = TopicAudit()
    sums.add(Ledger(first=5, end=5, passed=0), cumulative=True)
    assert sums == TopicAudit()
