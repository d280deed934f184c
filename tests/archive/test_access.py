"""Who may see what: the function and the filter say the same, for every role and every state of a paper."""

import datetime as dt
import itertools
import os

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from archive import access, database, delegation
from archive.models import Delegation, Document, RouteRow, Scan, Unit
from migrations import upgrade
from tests.archive import offices

STATES_OF_ROUTES = ("suggested", "decided", "received", "finished", "returned", "forwarded", "recalled")
STATES = ("review", "registered", "routed", "handling", "done", "void")


@pytest.fixture
def papers(office_sessions):
    """A session over documents in every state, open and secret, of two units and of none, routed and suggested."""
    with office_sessions.begin() as session:
        session.add_all([Unit(id="vx", name="Phòng VX"), Unit(id="th", name="Phòng TH")])
        session.flush()
        for state, secrecy, unit in itertools.product(STATES, (None, "Mật"), (None, "vx", "th")):
            session.add(offices.unkept(status=state, secrecy=secrecy, unit_id=unit))
            for route in ("decided", "returned", "suggested"):
                twin = offices.unkept(status=state, secrecy=secrecy)
                twin.routes.append(RouteRow(unit_id=unit, unit=unit or "-", state=route))
                session.add(twin)
        session.flush()  # all at once: for each by itself it takes half of this file's time
        session.expire_all()
        yield session


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("unit", [None, "vx"])
@pytest.mark.parametrize("role", access.ROLES)
def test_the_filter_shows_exactly_what_may_be_read(papers, role, unit, active):
    user = offices.user(papers, role, unit_id=unit, active=active)
    shown = set(papers.scalars(sa.select(Document.id).where(access.visible(user))))
    documents = papers.scalars(sa.select(Document)).all()
    assert shown == {one.id for one in documents if access.can(user, "read", one)}


def test_staff_see_the_book_but_a_secret_only_in_its_unit(papers):
    user = offices.user(papers, "staff", unit_id="vx")
    seen = papers.scalars(sa.select(Document).where(access.visible(user))).all()
    assert {one.status for one in seen} == {"registered", "routed", "handling", "done"}
    secret = [one for one in seen if one.secrecy]
    assert secret and all(one.unit_id == "vx" or one.routes[0].state == "decided" for one in secret)


@pytest.mark.parametrize(("state", "sees"), [(state, state in access.HAS) for state in STATES_OF_ROUTES])
def test_a_secret_paper_is_seen_by_the_unit_that_has_it_and_not_by_one_that_had_it(papers, state, sees):
    user = offices.user(papers, "head", unit_id="vx")
    paper = offices.document(papers, status="routed", secrecy="Mật")
    papers.add(RouteRow(document_id=paper.id, unit_id="vx", unit="Phòng VX", state=state))
    papers.flush()
    assert access.can(user, "read", paper) is sees
    assert (paper.id in papers.scalars(sa.select(Document.id).where(access.visible(user))).all()) is sees


@pytest.mark.parametrize(
    ("role", "unit", "handles", "assigns"),
    [
        ("head", "vx", True, True), ("head", "th", False, False), ("head", None, False, False),
        ("staff", "vx", True, False), ("staff", "th", False, False), ("clerk", None, True, True),
        ("admin", None, True, True), ("leader", "vx", False, False), ("auditor", "vx", False, False),
        ("it", "vx", False, False),
    ],
)  # fmt: skip
def test_only_the_unit_acts_on_its_route_and_the_clerk_for_all(papers, role, unit, handles, assigns):
    user = offices.user(papers, role, unit_id=unit)
    paper = offices.document(papers, status="routed")
    route = RouteRow(document_id=paper.id, unit_id="vx", unit="Phòng VX", state="decided")
    assert access.can(user, "handle", paper, route) is handles
    assert access.can(user, "assign", paper, route) is assigns


def test_nobody_sees_nothing(papers):
    assert not access.can(None, "read")
    assert papers.scalars(sa.select(Document.id).where(access.visible(None))).all() == []
    assert papers.scalars(sa.select(Scan.id).where(access.visible_scans(None))).all() == []


def test_a_technician_runs_the_machine_and_reads_no_paper(papers):
    user = offices.user(papers, "it")
    assert access.can(user, "plugins") and not access.can(user, "read") and not access.can(user, "users")
    assert papers.scalars(sa.select(Document.id).where(access.visible(user))).all() == []


def test_an_auditor_reads_all_and_changes_nothing(papers):
    user = offices.user(papers, "auditor")
    assert {action for action in access.ACTIONS if access.can(user, action)} == READS
    assert len(papers.scalars(sa.select(Document.id).where(access.visible(user))).all()) == len(
        papers.scalars(sa.select(Document.id)).all()
    )


@pytest.mark.parametrize("role", access.ROLES)
def test_only_admins_manage_users_and_only_admins_and_it_switch_plugins(papers, role):
    user = offices.user(papers, role)
    assert access.can(user, "users") == (role == "admin")
    assert access.can(user, "plugins") == (role in ("admin", "it"))


def test_a_scan_is_shown_only_to_those_who_may_see_all_its_papers(papers):
    user = offices.user(papers, "staff")
    bundle = offices.scan(papers)
    offices.document(papers, bundle, status="registered")
    seen = sa.select(Scan.id).where(access.visible_scans(user), Scan.id == bundle.id)
    assert papers.scalars(seen).all() == [bundle.id]
    offices.document(papers, bundle, ordinal=2, status="review")
    assert papers.scalars(seen).all() == []


@pytest.mark.parametrize("unit", [None, "vx"])
@pytest.mark.parametrize("role", access.ROLES)
def test_the_file_is_kept_from_whoever_may_not_see_one_paper_of_it(papers, role, unit):
    user = offices.user(papers, role, unit_id=unit)
    shown = set(papers.scalars(sa.select(Scan.id).where(access.visible_scans(user))))
    scans = papers.scalars(sa.select(Scan)).all()
    assert shown == {one.id for one in scans if all(access.can(user, "read", paper) for paper in one.documents)}


def test_a_misspelt_action_is_a_defect_not_a_no(papers):
    with pytest.raises(ValueError, match="unknown action"):
        access.can(offices.user(papers, "admin"), "raed")


# ------------------------------------------------------------------------------------------------ whatever there is

UNITS = ("vx", "th", "kt", None)
routes = st.tuples(st.sampled_from(UNITS), st.sampled_from(STATES_OF_ROUTES))
drawn_papers = st.tuples(
    st.sampled_from(STATES), st.sampled_from((None, "Mật", "Tuyệt mật")), st.sampled_from(UNITS),
    st.lists(routes, max_size=3, unique_by=lambda one: one[0]), st.integers(0, 2),
)  # fmt: skip
drawn_people = st.tuples(st.sampled_from(tuple(access.ROLES)), st.sampled_from(UNITS), st.booleans())


@pytest.mark.fuzz
@how(max_examples=10_000 if os.environ.get("VANTHU_FUZZ") == "1" else 200, deadline=None, derandomize=True,
     suppress_health_check=list(HealthCheck))  # fmt: skip
@given(st.lists(drawn_papers, min_size=1, max_size=5), drawn_people, st.lists(drawn_people, max_size=2))
def test_whoever_asks_for_whatever_the_filter_and_the_function_agree(drawn_office, papers, person, givers):
    with drawn_office() as session:
        made = [rows_of(session, *one) for one in papers]
        user = person_of(session, *person)
        for giver in givers:
            stand_in(session, user, person_of(session, *giver))
        delegation.resolve(session, user, DAY)
        shown = set(session.scalars(sa.select(Document.id).where(access.visible(user))))
        assert shown == {one.id for one in made if access.can(user, "read", one)}
        scans = session.scalars(sa.select(Scan).execution_options(populate_existing=True)).all()
        open_to = {one.id for one in scans if all(access.can(user, "read", paper) for paper in one.documents)}
        assert set(session.scalars(sa.select(Scan.id).where(access.visible_scans(user)))) == open_to
        session.rollback()


DAY = dt.date(2026, 3, 2)
READS = {"read", "export", "history", "inspect"}


@pytest.fixture(scope="module")
def drawn_office(tmp_path_factory):
    engine = database.open_engine(f"sqlite:///{tmp_path_factory.mktemp('drawn')}/a.db", durable=False)
    upgrade(engine)
    sessions = database.sessions(engine)
    with sessions.begin() as session:
        session.add_all([Unit(id=unit, name=unit) for unit in UNITS if unit])
    yield sessions
    engine.dispose()


def rows_of(session, state, secrecy, unit, taken, bundle):
    of = session.scalar(sa.select(Scan).offset(bundle).limit(1))
    ordinal = 1 + len(session.scalars(sa.select(Document.id).where(Document.scan_id == of.id)).all()) if of else 1
    paper = offices.document(session, of, ordinal=ordinal, status=state, secrecy=secrecy, unit_id=unit)
    session.add_all(RouteRow(document_id=paper.id, unit_id=to, unit=to or "-", state=at) for to, at in taken)
    session.flush()
    session.refresh(paper)
    return paper


def person_of(session, role, unit, active):
    return offices.user(session, role, unit_id=unit, active=active)


def stand_in(session, user, giver):
    session.add(Delegation(giver_id=giver.id, deputy_id=user.id, begins_on=DAY, ends_on=DAY, made_by="sep"))
    session.flush()


@pytest.mark.parametrize(
    ("role", "unit", "mine"),
    [("clerk", None, None), ("admin", "vx", None), ("head", "vx", {"vx"}), ("staff", None, set()), ("it", "vx", set())],
)
def test_the_desks_one_may_work_at(papers, role, unit, mine):
    assert access.desks(offices.user(papers, role, unit_id=unit)) == mine
