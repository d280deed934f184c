"""The web on a real address, people who hold keys, and apps that speak to it."""

import pytest
import sqlalchemy as sa

from archive import people
from archive.models import User
from tests.server.serving import serving


@pytest.fixture
def key(makers):
    """`key("clerk")` is a key of a new person of this role."""

    def made(role, unit=None, scopes=("read", "write")):
        name = f"{role}-{unit or 'x'}".replace(" ", "-").lower()
        with makers.begin() as session:
            user = session.scalar(sa.select(User).where(User.name == name))
            if user is None:
                unit_id = people.unit_named(session, unit).id if unit else None
                user = User(name=name, role=role, unit_id=unit_id, password_hash="-")
                session.add(user)
                session.flush()
            return people.new_token(session, user, "máy quét", scopes)

    return made


@pytest.fixture
def ask(app, key):
    """`ask("clerk", "tags/")`: what an app would be answered; other words go to the client."""
    keys = {}

    def ask(who, path, method="GET", **more):
        role, _, unit = who.partition(" of ")
        keys.setdefault(who, key(role, unit or None))
        headers = {"Authorization": f"Token {keys[who]}", **more.pop("headers", {})}
        return app.test_client().open(f"/api/{path}", method=method, headers=headers, buffered=True, **more)

    return ask


@pytest.fixture
def address(app):
    """The address of the running web."""
    with serving(app, threads=4) as address:
        yield address
