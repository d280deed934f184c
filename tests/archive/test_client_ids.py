"""Whole numbers for apps: one for each thing, drawn by lot, the same for all who ask at once."""

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from archive import client_ids
from archive.database import readers
from archive.models import ClientId


def test_many_who_ask_at_once_get_the_same_numbers(engine, sessions):
    wanted = [("document", f"{n:032x}") for n in range(40)] + [
        ("tag", "status:review"),
        ("correspondent", "Sở Y tế ở Huế"),
    ]
    with ThreadPoolExecutor(6) as crowd:
        found = list(crowd.map(lambda _: client_ids.numbers(readers(engine), sessions, wanted), range(6)))
    assert all(one == found[0] for one in found) and set(found[0]) == set(wanted)
    assert {len(str(number)) for number in found[0].values()} == {9} and len(set(found[0].values())) > 40
    with sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(ClientId)) == len(wanted)
        number = found[0]["correspondent", "Sở Y tế ở Huế"]
        assert client_ids.key(session, "correspondent", number) == "Sở Y tế ở Huế"
        assert client_ids.key(session, "document", number) is None
        assert client_ids.keys(session, "correspondent", [number, 5]) == {number: "Sở Y tế ở Huế"}


def test_a_lot_that_is_taken_is_drawn_again(engine, sessions, monkeypatch):
    lots = iter([0, 0, 0, 1])
    monkeypatch.setattr(client_ids.secrets, "randbelow", lambda _: next(lots))
    found = [client_ids.numbers(readers(engine), sessions, [("tag", name)]) for name in ("one", "two")]
    assert [*found[0].values(), *found[1].values()] == [client_ids.FIRST, client_ids.FIRST + 1]
