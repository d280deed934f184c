"""Cutting by hand: documents as lists of pages, pages turned and put in order, and everything taken back again."""

import pytest
import sqlalchemy as sa

from archive import history, recut, review
from archive.errors import BadValue, Conflict, Stale
from archive.models import Confirmation, Cut, Document, Event, Outbox, PageRow, Scan, Task, now
from archive.pages import keep, page_of
from archive.reading import Page, Word
from tests.archive import offices


@pytest.fixture
def bundle(sessions):
    """A scan of five pages, cut [1, 2] and [3, 4, 5]; the ids of scan and documents."""
    with sessions.begin() as session:
        scan = offices.scan(session, status="review", pages=5, read_at=now())
        one, two = (
            offices.document(session, scan, ordinal=1, fields={"number": offices.field("471")}, number="471"),
            offices.document(session, scan, ordinal=2, fields={"number": offices.field("472")}, number="472"),
        )
        one.pages, two.pages = [1, 2], [3, 4, 5]
        for number in range(1, 6):
            word = Word("chữ", (0.1, 0.2, 0.3, 0.25), 0.9)
            keep(session, scan.id, Page.of_words(number, [word], width=1000, height=1414, source="ocr"))
        return scan.id, one.id, two.id


def cut_of(sessions, scan_id):
    with sessions() as session:
        rows = session.scalars(sa.select(Document).where(Document.scan_id == scan_id).order_by(Document.ordinal))
        return [(one.id, one.pages) for one in rows]


def lists(sessions, scan_id):
    return [pages for _id, pages in cut_of(sessions, scan_id)]


def do(sessions, what, document_id, *rest, **more):
    with sessions.begin() as session:
        rest = [session.get(Document, one) if isinstance(one, str) else one for one in rest]
        return what(session, session.get(Document, document_id), *rest, actor="van", **more).id


def events(sessions):
    with sessions() as session:
        assert list(history.broken(session)) == []
        return [event.action for event in session.scalars(sa.select(Event).order_by(Event.seq))]


def test_a_split_and_what_it_sets_going(sessions, bundle):
    scan, _one, two = bundle
    new = do(sessions, recut.split, two, [4, 5])
    assert lists(sessions, scan) == [[1, 2], [3], [4, 5]]
    with sessions() as session:
        assert session.get(Scan, scan).status == "reading"
        assert session.scalars(sa.select(Task.step)).all() == ["cut"]
        assert session.get(Document, new).cut_reasons == ["tách bằng tay"]


def test_a_cut_is_taken_back_as_an_event_of_its_own(sessions, bundle):
    scan, _one, two = bundle
    before = cut_of(sessions, scan)
    new = do(sessions, recut.split, two, [5])
    assert do(sessions, recut.undo, two) == two
    assert cut_of(sessions, scan) == before
    assert events(sessions) == ["reread", "split", "reread", "cut_undone"]
    with sessions() as session:  # the search forgets the document that was only there for a moment
        assert new in session.scalars(sa.select(Outbox.document_id)).all()


def test_one_thing_after_another_is_taken_back(sessions, bundle):
    scan, one, two = bundle
    states = [cut_of(sessions, scan)]
    for what, document, *rest in [
        (recut.split, two, [5]), (recut.move, two, 4, -1), (recut.merge, one, two), (recut.move, one, 1, 2),
    ]:  # fmt: skip
        do(sessions, what, document, *rest)
        states.append(cut_of(sessions, scan))
    assert [pages for _id, pages in states[-1]] == [[2, 4, 1, 3], [5]]
    for state in reversed(states[:-1]):
        do(sessions, recut.undo, one)
        assert cut_of(sessions, scan) == state
    with pytest.raises(Conflict, match="Không còn thao tác"):
        do(sessions, recut.undo, one)


def test_a_document_that_ended_comes_back_with_what_a_person_had_said_of_it(sessions, bundle):
    scan, one, two = bundle
    with sessions.begin() as session:
        review.correct(session, session.get(Document, two), {"subject": "về việc khác", "number": "480"}, actor="mai")
    do(sessions, recut.merge, one, two)
    assert lists(sessions, scan) == [[1, 2, 3, 4, 5]]
    do(sessions, recut.undo, one)
    with sessions() as session:
        said = session.get(Confirmation, (two, "subject"))
        assert (said.value, said.by, said.at.tzinfo is not None) == ("về việc khác", "mai", True)
        number = session.get(Confirmation, (two, "number"))  # reports count how right the machine was
        assert (number.outcome, number.sure, number.source) == ("corrected", False, "national 1.0")
        assert session.get(Document, two).pages == [3, 4, 5]


def test_what_a_person_confirmed_stays_through_a_cut(sessions, bundle):
    _scan, _one, two = bundle
    with sessions.begin() as session:
        review.correct(session, session.get(Document, two), {"number": "480"}, actor="mai")
    do(sessions, recut.split, two, [5])
    with sessions() as session:
        assert session.get(Document, two).number == "480"


def test_a_document_before_goes_in_front_whichever_keeps_its_id(sessions, bundle):
    scan, one, two = bundle
    do(sessions, recut.merge, two, one)
    assert cut_of(sessions, scan) == [(two, [1, 2, 3, 4, 5])]


def test_what_somebody_else_has_joined_meanwhile_is_not_joined_twice(office_sessions, bundle_of_three):
    scan, one, two, three = bundle_of_three
    quick = office_sessions(expire_on_commit=False)
    first, gone = quick.get(Document, one), quick.get(Document, three)
    quick.commit()
    do(office_sessions, recut.merge, two, three)
    with pytest.raises(Stale), quick.begin():
        recut.merge(quick, first, gone, actor="mai")
    quick.close()
    assert lists(office_sessions, scan) == [[1, 2], [3, 4, 5]]


@pytest.fixture
def bundle_of_three(office_sessions):
    """A scan of five pages, cut [1, 2], [3] and [4, 5]."""
    with office_sessions.begin() as session:
        scan = offices.scan(session, status="review", pages=5, read_at=now())
        papers = [offices.document(session, scan, ordinal=n) for n in (1, 2, 3)]
        for paper, pages in zip(papers, ([1, 2], [3], [4, 5]), strict=True):
            paper.pages = pages
        return scan.id, *(paper.id for paper in papers)


def test_a_page_at_the_end_stays_where_it_is(sessions, bundle):
    scan, one, _two = bundle
    do(sessions, recut.move, one, 2, 1)
    assert lists(sessions, scan)[0] == [1, 2] and events(sessions) == []


def test_a_page_is_turned_with_its_words_and_read_again_so(sessions, bundle):
    scan, one, _two = bundle
    do(sessions, recut.turn, one, 2, 90)
    with sessions() as session:
        row = session.scalars(sa.select(PageRow).where(PageRow.scan_id == scan, PageRow.number == 2)).one()
        assert (row.turned, row.rotation, row.width, row.height) == (90, 90, 1414, 1000)
        assert page_of(row).words[0].box == pytest.approx((0.75, 0.1, 0.8, 0.3))
        assert session.execute(sa.select(Task.step, Task.part)).all() == [("read", 2)]
    do(sessions, recut.turn, one, 2, 270)
    do(sessions, recut.turn, one, 2, 180)
    for turned, rotation in [(0, 0), (90, 90), (None, 0)]:
        do(sessions, recut.undo, one)
        with sessions() as session:
            row = session.scalars(sa.select(PageRow).where(PageRow.scan_id == scan, PageRow.number == 2)).one()
            assert (row.turned, row.rotation) == (turned, rotation)
    assert page_of_again(sessions, scan).words[0].box == pytest.approx((0.1, 0.2, 0.3, 0.25))


def page_of_again(sessions, scan):
    with sessions() as session:
        row = session.scalars(sa.select(PageRow).where(PageRow.scan_id == scan, PageRow.number == 2)).one()
        return page_of(row)


def test_a_cut_made_while_a_page_is_read_waits_for_it(sessions, bundle):
    _scan, one, two = bundle
    do(sessions, recut.turn, one, 2, 90)
    do(sessions, recut.split, two, [5])
    with sessions() as session:  # a cut that ran now would never see the page as it is read next
        assert session.scalars(sa.select(Task.step)).all() == ["read"]


def test_what_was_seen_in_another_version_is_not_cut(sessions, bundle):
    scan, one, two = bundle
    with pytest.raises(Stale):
        do(sessions, recut.split, two, [5], if_version=7)
    with pytest.raises(Stale):
        do(sessions, recut.turn, one, 1, 90, if_version=0)
    assert lists(sessions, scan) == [[1, 2], [3, 4, 5]] and events(sessions) == []


def test_what_is_in_the_book_is_left_alone(sessions, bundle):
    scan, one, two = bundle
    do(sessions, recut.split, two, [5])
    with sessions.begin() as session:
        session.get(Document, two).status = "registered"
    for what, *rest in [(recut.split, [4]), (recut.merge, one), (recut.move, 4, -1), (recut.turn, 4, 90)]:
        with pytest.raises(Conflict, match="vào sổ"):
            do(sessions, what, two, *rest)
    with pytest.raises(Conflict, match="đã đổi từ sau"):
        do(sessions, recut.undo, one)
    with sessions() as session:
        assert session.scalars(sa.select(Cut.undone)).all() == [False]
    assert lists(sessions, scan) == [[1, 2], [3, 4], [5]]


@pytest.mark.parametrize(
    ("what", "rest"),
    [(recut.split, [[]]), (recut.split, [[1, 2]]), (recut.split, [[2, 3]]), (recut.move, [3, 1]), (recut.turn, [3, 90]),
     (recut.turn, [1, 45])],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(sessions, bundle, what, rest):
    _scan, one, _two = bundle
    with pytest.raises(BadValue, match="trang 1, 2"):
        do(sessions, what, one, *rest)
