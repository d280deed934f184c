"""A program sends a paper to another office of the installation: once, by who may, and reads how far it is."""

import pytest
import sqlalchemy as sa

from archive import people
from archive.models import Document, Event, Sending
from archive.post.carrying import Carrier
from server import create_app
from tests.archive.test_post import houses


@pytest.fixture
def town(tmp_path, _template):
    with houses(tmp_path, _template) as found:
        yield found


@pytest.fixture
def ask(town):
    """`ask(method, paper, role, json)`: a program of the first office, with the key of a person of that role."""
    here = town[0]
    app, keys = create_app(here.office.settings, here.office, [one.office for one in town]), {}
    with here.sessions.begin() as session:
        for role in ("clerk", "leader"):
            person = people.add_user(session, role, role, None, "mat-khau-cua-huong")
            keys[role] = people.new_token(session, person, "máy", people.SCOPES)

    def send(method, paper, role="clerk", **more):
        path, key = f"/api/v1/documents/{paper}/sendings", {"Authorization": f"Bearer {keys[role]}"}
        return app.test_client().open(path, method=method, headers=key, **more)

    yield send
    app.extensions["vanthu"].engine.dispose()


def test_a_program_sends_a_paper_once_and_reads_how_far_it_is(town, ask):
    here, there = town
    paper = here.paper()
    first, again = (ask("POST", paper, json={"office": there.office.slug}) for _ in range(2))
    assert (first.status_code, first.json["state"], first.json["sent_by"]) == (200, "waiting", "clerk")
    assert (again.status_code, again.json) == (200, first.json)
    assert here.count(Event, Event.action == "sent_to_office") == here.count(Sending) == 1
    carrier = Carrier(here.office, [one.office for one in town])
    assert carrier.turn()
    carrier.close()
    told = ask("GET", paper, "leader").json
    assert [(one["id"], one["state"], one["code"]) for one in told["sendings"]] == [
        (first.json["id"], "delivered", "01")
    ]
    assert told["offices"] == [{"slug": there.office.slug, "name": "Văn phòng UBND"}]
    assert ask("POST", paper, json={"office": there.office.slug}).json["state"] == "delivered"


def test_a_program_sends_only_what_and_where_it_may(town, ask):
    here, there = town
    paper = here.paper()
    assert ask("POST", paper, "leader", json={"office": there.office.slug}).status_code == 403
    for nobody in ("khong-co", here.office.slug):
        assert ask("POST", paper, json={"office": nobody}).status_code == 404
    with here.sessions.begin() as session:
        session.execute(sa.update(Document).values(secrecy="Mật"))
    assert ask("POST", paper, json={"office": there.office.slug}).status_code == 409
    assert here.count(Sending) == 0
