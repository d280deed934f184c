"""What stands around a paper: both ways, two steps, and nothing of what a person may not see."""

import pytest
import sqlalchemy as sa

from archive import neighbourhood
from archive.models import CitationRow, Document
from tests.archive import offices as rows


@pytest.fixture
def web(sessions):
    """`web(a=["b", "x"])`: the document a names the document b and a paper x that is not here."""

    class Web:
        def __init__(self):
            self.ids = {}

        def __call__(self, **names):
            with sessions.begin() as session:
                for name in names:
                    paper = rows.document(session, full_code=f"{name}/UBND", date="2020-03-30", status="registered")
                    self.ids[name] = paper.id
                for name, cited in names.items():
                    for one in cited:
                        code = f"{one}/UBND"
                        row = CitationRow(
                            document_id=self.ids[name], code=code, date="2020-03-30", target_id=self.ids.get(one)
                        )
                        session.add(row)
            return self

        def around(self, name, hidden=()):
            sees = Document.id.not_in([self.ids[one] for one in hidden])
            with sessions() as session:
                paper = session.get(Document, self.ids[name])
                whole = neighbourhood.of(session, paper, sees)
                return whole, neighbourhood.drawn(session, paper, whole, sees)

    return Web()


def codes(neighbours):
    return [one.code.removesuffix("/UBND") for one in neighbours]


def test_both_ways_and_a_second_step(web):
    whole, drawn = web(here=["law", "x"], law=["old"], old=[], reply=["here"], late=["reply"]).around("here")
    assert codes(whole.cites) == ["law", "x"] and codes(whole.cited_by) == ["reply"] and whole.citing == 1
    assert [one.document_id is None for one in whole.cites] == [False, True]
    assert codes(drawn.cites[0].beyond) == ["old"] and codes(drawn.cited_by[0].beyond) == ["late"]


def test_a_paper_stands_in_the_picture_once(web):
    whole, drawn = web(here=["a", "b", "a"], a=["b", "here", "c"], b=["c"], c=["here"]).around("here")
    assert codes(whole.cites) == ["a", "b"]
    assert sorted(codes(whole.cited_by)) == ["a", "c"]
    told = [*drawn.cites, *drawn.cited_by]
    assert len({one.key for one in drawn.cites}) == 2
    assert all(not one.beyond for one in told)  # c stands on the right already


def test_a_picture_holds_no_more_than_it_can_and_says_how_many_more(web):
    names = {f"l{n}": [f"m{n}{k}" for k in range(4)] for n in range(8)}
    citing = {f"r{n}": ["here"] for n in range(60)}
    whole, drawn = web(here=list(names), **names, **citing).around("here")
    assert (len(whole.cites), whole.citing, len(whole.cited_by)) == (8, 60, neighbourhood.LISTED)
    papers = [*drawn.cites, *drawn.cited_by, *(far for one in (*drawn.cites, *drawn.cited_by) for far in one.beyond)]
    assert len(papers) == neighbourhood.MOST
    assert [len(one.beyond) + one.more for one in drawn.cites] == [4] * 6


def test_what_may_not_be_seen_looks_like_what_is_not_here(web):
    web(here=["secret", "x"], secret=["beyond"], beyond=[], witness=["here"], spy=["here"])
    whole, drawn = web.around("here", hidden=["secret", "spy"])
    assert [(one.code, one.document_id, one.beyond) for one in drawn.cites] == [
        ("secret/UBND", None, ()), ("x/UBND", None, ()),
    ]  # fmt: skip
    assert codes(whole.cited_by) == ["witness"] and whole.citing == 1


def test_what_is_cited_twice_is_one_whether_it_is_here_or_hidden(web, sessions):
    web(here=["secret", "secret", "x", "x"], secret=[])
    whole, _ = web.around("here", hidden=["secret"])
    assert codes(whole.cites) == ["secret", "x"]


def test_a_void_paper_is_no_neighbour(web, sessions):
    web(here=["a"], a=[], b=["here"])
    with sessions.begin() as session:
        session.execute(sa.update(Document).where(Document.id != web.ids["here"]).values(status="void"))
    whole, _ = web.around("here")
    assert [one.document_id for one in whole.cites] == [None] and whole.citing == 0
