"""When a part that died may start again."""

from ops.stack.restarts import RestartBudget


def test_pauses_double() -> None:
    budget = RestartBudget(limit=5, window_s=300)
    budget.died(0)
    assert not budget.may_start(0.4)
    assert budget.may_start(0.5)
    budget.died(1)
    assert not budget.may_start(1.9)
    assert budget.may_start(2)


def test_a_part_that_keeps_dying_is_given_up() -> None:
    budget = RestartBudget(limit=2, window_s=300)
    for moment in (0, 10, 20):
        assert not budget.exhausted
        budget.died(moment)
    assert budget.exhausted
    assert not budget.may_start(10_000)


def test_old_deaths_are_forgotten() -> None:
    budget = RestartBudget(limit=2, window_s=300)
    for moment in (0, 1000, 2000, 3000):
        budget.died(moment)
    assert budget.may_start(3000.5)
