"""How much processor time the pages of a file may take together."""

from archive.jobs.spent import Spent

PAGE = 90.0
"""Seconds a page may take by the clock."""


def test_what_one_step_used_the_next_one_has_no_more() -> None:
    spent = Spent()
    for step, seconds in (("look", 14.0), ("read", 50.0)):
        spent.begin("a", step, 1, 1)
        spent.add("a", step, seconds)
    assert spent.left("a", PAGE) == 75.0 - 64.0


def test_a_page_more_may_take_more_and_another_file_begins_anew() -> None:
    spent = Spent()
    for part in range(1, 4):
        spent.begin("a", "read", part, 1)
        spent.add("a", "read", 20.0)
    spent.begin("b", "read", 1, 1)
    assert (spent.left("a", PAGE), spent.left("b", PAGE)) == (75.0 + 2 * 30.0 - 60.0, 75.0)


def test_what_a_person_sends_again_has_its_time_again() -> None:
    spent = Spent()
    spent.begin("a", "read", 1, 1)
    spent.add("a", "read", 60.0)
    spent.begin("a", "read", 1, 2)
    assert spent.left("a", PAGE) == 15.0
    spent.begin("a", "read", 1, 1)
    assert spent.left("a", PAGE) == 75.0
