"""What a sender said of a file, while that file turns out to be secret."""

import threading
import time

import pytest

from archive import client_uploads, people
from archive.models import ClientUpload, Scan


@pytest.mark.parametrize("engine", [pytest.param("postgresql", marks=pytest.mark.servers)], indirect=True)
def test_a_quarantine_at_the_same_moment_leaves_no_name(engine, sessions):
    with sessions.begin() as session:
        user = people.add_user(session, "lan", "clerk", None, "mật khẩu dài")
        scan = Scan(
            sha256="0" * 64, filename="mat.png", size=1, media_type="image/png", source="app", received_by="lan"
        )
        session.add(scan)
        session.flush()
        scan_id = scan.id

    def send():
        with sessions.begin() as session:
            client_uploads.note(session, scan_id, user, "mat.png", {"subject": "về việc mật"}, new=True)

    sender = threading.Thread(target=send)
    with sessions.begin() as session:
        session.get_one(Scan, scan_id).status = "quarantined"
        session.flush()
        client_uploads.conceal(session, scan_id)
        sender.start()
        while sender.is_alive() and not waits(engine):
            time.sleep(0.01)
    sender.join()
    with sessions() as session:
        row = session.query(ClientUpload).one()
        assert "mat" not in row.filename and row.given == {}


def waits(engine):
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with engine.connect() as connection:
        return connection.exec_driver_sql(asked).scalar() > 0
