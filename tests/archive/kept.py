"""A small archive with everything in it that a backup or a bag must bring back, drawn and read in no time."""

import dataclasses
import datetime as dt
import io

import sqlalchemy as sa
from PIL import Image

from archive import copies, database, intake, pages, plates, register, register_days, searchable
from archive.backup.making import Source, make
from archive.backup.restoring import Schema
from archive.backup.target import Target
from archive.blobs import open_blobs
from archive.derived import Derived
from archive.models import (
    Base,
    CitationRow,
    Confirmation,
    Document,
    FindingRow,
    LoginSession,
    MarkRow,
    RouteRow,
    Scan,
    StampRow,
    Task,
    Unit,
    User,
    now,
)
from archive.reading import Gap, Page, Word
from archive.scans import Limits
from migrations import head, knows, upgrade
from tests import engines
from tests.archive import offices

DAY = dt.date(2026, 3, 25)
SCHEMA = Schema(upgrade, head(), knows)


class Office:
    """An archive over `settings`, opened."""

    def __init__(self, settings, engine):
        self.settings, self.engine = settings, engine
        self.sessions, self.readers = database.sessions(engine), database.readers(engine)
        self.blobs = open_blobs(settings.blobs, settings.data)

    def receive(self, n):
        """A tiny scan, each other bytes; its id."""
        image = Image.new("L", (40, 40), 255)
        image.putpixel(divmod(n, 40), 0)
        out = io.BytesIO()
        image.save(out, "PNG")
        out.seek(0)
        return intake.receive(self.sessions, self.blobs, self.settings, out, f"công văn {n}.png", actor="lan",
                              source="cli").scan_id  # fmt: skip

    def read(self, scan_id, n):
        """As if the line had read it: a page with words, a stamp, findings, citations; the document's id."""
        with self.sessions.begin() as session:
            scan = session.get(Scan, scan_id)
            scan.status, scan.pages = "review", 1
            session.execute(sa.delete(Task).where(Task.scan_id == scan_id))
            text = f"Công văn số {n} về việc phòng chống dịch"
            words = tuple(Word(w, (0.1, 0.1, 0.2, 0.15), 0.9, 0, 0) for w in text.split())
            starts = tuple(text.index(w) for w in text.split())
            gap = Gap("handwriting", (0.1, 0.2, 0.3, 0.4), (("12", 0.6),), True)
            pages.keep(session, scan_id, Page(1, words, text, starts, "ocr", "", 40, 40, 200.0, gaps=(gap,)))
            fields = {"subject": offices.field(f"phòng chống dịch {n}", others=[offices.field("phòng dịch")])}
            paper = Document(
                scan_id=scan_id, pages=[1], text=text, fields=fields, full_code=f"{n}/UBND-VX",
                document_type="Công văn", subject=f"phòng chống dịch {n}", issuing_organ="Ủy ban nhân dân",
                date="2026-03-20", flags=["x"],
                lists={"addressees": ["Sở Y tế"]}, doubts=1,
            )  # fmt: skip
            session.add(paper)
            session.flush()
            session.add(StampRow(scan_id=scan_id, document_id=paper.id, page=1, box=None, findings=[{"field": "number",
                                 "value": str(n), "confidence": 0.5, "rivals": [["7", 0.1]]}]))  # fmt: skip
            session.add(MarkRow(scan_id=scan_id, page=1, kind="round_seal", box=[0.5, 0.5, 0.7, 0.7], confidence=0.8))
            said = {"document_id": paper.id, "confidence": 0.4, "witness": "ocr", "source": "national 1.0"}
            place = {"page": 1, "box": [0.1, 0.1, 0.2, 0.2], "span": [0, 4]}
            session.add(FindingRow(field="subject", value="phòng dịch", **place, **said))
            session.add(FindingRow(field="signer_name", value=None, page=None, box=None, span=None, **said))
            session.add(Confirmation(document_id=paper.id, field="subject", value=f"phòng chống dịch {n}",
                                     machine=None, by="lan"))  # fmt: skip
            session.add(CitationRow(document_id=paper.id, code="16/CT-TTg", date="2020-03-31", mentions=[
                {"page": 1, "box": None, "start": 0, "end": 3}]))  # fmt: skip
            return paper.id

    def paper(self, n, number=None):
        """One that came, was read, registered and sent to two units; its id."""
        paper_id = self.read(self.receive(n), n)
        with self.sessions.begin() as session:
            paper = session.get(Document, paper_id)
            register.register(session, paper, "den", DAY, number, actor="lan")
            if session.get(Unit, "van_phong") is None:
                session.add_all([Unit(id="van_phong", name="Văn phòng"), Unit(id="phong_dich", name="Phòng dịch")])
                session.flush()
            lead = RouteRow(document_id=paper_id, unit_id="van_phong", unit="Văn phòng", state="forwarded",
                            decided_by="lan", decided_at=now())  # fmt: skip
            session.add(lead)
            session.flush()
            session.add(RouteRow(document_id=paper_id, unit_id="phong_dich", unit="Phòng dịch", state="decided",
                                 parent_id=lead.id, due=DAY))  # fmt: skip
        return paper_id

    def furnish(self, count=3):
        """Papers, an awaited and a voided number, a closed day, a person who is signed in."""
        found = [self.paper(n) for n in range(1, count + 1)]
        found.append(self.paper(count + 1, number=count + 2))  # the one before waits for its paper
        with self.sessions.begin() as session:
            register.void(session, session.get(Document, found[0]).entries[0], "ghi nhầm", "lan")
            user = User(name="lan", role="clerk", password_hash="-")
            session.add(user)
            session.flush()
            session.add(LoginSession(sha256="5" * 64, user_id=user.id, csrf="canary-csrf", expires_at=now()))
        return found

    def close(self):
        self.engine.dispose()

    def backup(self, place, **more):
        target = place if isinstance(place, Target) else Target(place)
        return make(Source(self.engine, self.blobs, self.settings, upgrade), target, **more)


def small(settings, engine):
    """One with two papers."""
    office = Office(settings, engine)
    office.paper(1)
    office.paper(2)
    return office


def opened(settings):
    """The archive that lies in `settings` already."""
    return Office(settings, database.open_engine(settings.database_url, durable=False))


def empty(settings, path, url=""):
    """Settings of a place where nothing is yet."""
    return dataclasses.replace(settings, **{"data": path, "database": url} | engines.at(path, url))


def rows(engine, without=("session", "restore", "event", "event_head", "presence", "outbox", "change")):
    """Every row of every table, to be compared with another archive's."""
    with database.readers(engine)() as session:
        return {
            table.name: sorted(map(repr, session.execute(sa.select(table)).all()))
            for table in Base.metadata.sorted_tables if table.name not in without
        }  # fmt: skip


def close_day(office):
    with office.sessions.begin() as session:
        for entry in register.page(session, "den", 2026).entries:
            if entry.status == "awaited":
                register.void(session, entry, "không có", "lan")
        register_days.close(session, "den", DAY, "lan")


def draw(office):
    """The searchable copies, as an earlier run drew them; here without a child, which takes seconds to start."""
    derived = Derived(office.settings.data)
    with office.readers() as session:
        for document in session.scalars(sa.select(Document)):
            copy, out = copies.copy_of(session, document), io.BytesIO()
            path = office.blobs.path(copy.sha256)
            searchable.write(
                out, copy.pages, lambda page, path=path: plates.plate(path, page.number, 0, Limits()), copy.title
            )
            derived.put(copy.scan_id, copy.name, out.getvalue())
