"""An archive with a paper of every kind there is to see or not to see, each with words that stand nowhere else."""

import io
import zipfile

import sqlalchemy as sa
from PIL import Image

from archive import client_ids, delegation, origins, pages, people, register, routing, work_files
from archive.config import Settings
from archive.models import CitationRow, Confirmation, Document, Outbox, RouteRow, Scan, StampRow, User, WorkFile, now
from archive.pipeline import Archive, quarantine
from archive.safe import Safe
from archive.search.indexing import keep_up
from archive.workdays import today
from server import create_app
from tests.archive import offices as rows
from tests.server.desk import Desk
from tests.server.shelf import printed

KINDS = {
    "own": "registered, with the unit", "other": "registered, with another unit", "loose": "registered, with no unit",
    "raw": "not yet registered", "void": "put aside", "secret own": "secret, with the unit",
    "secret other": "secret, with another unit", "secret gone": "secret, given back by the unit",
    "bundle": "in one file with a secret one of another unit", "quarantined": "in quarantine",
}  # fmt: skip
"""The papers, seen from Phòng VX."""
PEOPLE = {
    "admin": ("admin", None), "clerk": ("clerk", None), "leader": ("leader", None), "auditor": ("auditor", None),
    "head": ("head", "Phòng VX"), "staff": ("staff", "Phòng VX"), "nowhere": ("staff", None), "it": ("it", None),
    "deputy": ("staff", "Phòng KT"),
}  # fmt: skip
"""Name → role and unit; `deputy` stands in for `head`."""
OPEN = {"own", "other", "loose", "bundle"}
SEES = {
    **dict.fromkeys(("admin", "clerk", "leader", "auditor"), set(KINDS) - {"quarantined"}),
    **dict.fromkeys(("head", "staff", "deputy"), OPEN | {"secret own"}), "nowhere": OPEN, "it": set(),
}  # fmt: skip
"""Whose papers each may read, said once more and by hand: what archive.access says is what is asked."""
COMMON = "Thực hiện Thông báo kết luận của Bộ Chính trị về công tác phòng chống dịch bệnh"


def word(kind: str, place: str) -> str:
    """A word that stands in one place of one paper and nowhere else."""
    return f"zq{kind.replace(' ', '')}{place}zq"


class Everything:
    """The archive, its application, and a browser for each of PEOPLE."""

    def __init__(self, settings: Settings):
        self.app = create_app(settings)
        self.app.testing = False
        self.here = self.app.extensions["vanthu"]
        self.ids: dict[str, dict[str, str]] = {}
        with self.here.sessions.begin() as session:
            for name, (role, unit) in PEOPLE.items():
                people.add_user(session, name, role, unit, Desk.PASSWORD)
            users = {user.name: user for user in session.scalars(sa.select(User))}
            self.keys = {name: people.new_token(session, user, "thử", people.SCOPES) for name, user in users.items()}
            day = today(now())
            delegation.give(session, users["head"], users["deputy"], day, day, by=users["admin"])
            self.file = work_files.open_file(session, 2026, "01.TH", "Hồ sơ chung", "10 năm", actor="clerk").id
        for n, kind in enumerate(KINDS):
            self.ids[kind] = self.paper(kind, n)
        with self.here.sessions.begin() as session:
            held = session.get(Document, self.ids["quarantined"]["document"])
            quarantine.impose(session, Archive.of(settings, self.here.sessions), held.scan)
        keep_up(self.here.sessions, self.here.search)
        self.desks = {name: self.desk(name) for name in PEOPLE}

    def desk(self, name: str) -> Desk:
        desk = Desk(self.app)
        desk.sign_in(name)
        return desk

    def paper(self, kind: str, n: int) -> dict[str, str]:
        """One paper with a real picture, an entry in the book, routes, a citation, a confirmation, in the work file."""
        content = io.BytesIO()
        Image.new("RGB", (60 + n, 80), (250, 250 - n, 240)).save(content, "PNG")
        content.seek(0)
        blob = self.here.blobs.put(content)
        page, picture = printed([COMMON, word(kind, "text")])
        said = {name: word(kind, name) for name in ("subject", "issuing_organ", "symbol", "place", "signer_name")}
        fields = {name: rows.field(value, sure=True) for name, value in said.items()}
        columns = {name: said[name] for name in ("subject", "issuing_organ", "symbol")}
        with self.here.sessions.begin() as session:
            scan = Scan(sha256=blob.sha256, filename=word(kind, "filename") + ".png", media_type="image/png", pages=1,
                        size=blob.size, status="review", received_by="clerk", read_at=now())  # fmt: skip
            session.add(scan)
            session.flush()
            pages.keep(session, scan.id, page)
            secrecy = "Mật" if kind.startswith("secret") else None
            document = Document(
                scan_id=scan.id, pages=[1], fields=fields, text=page.plain, full_code=word(kind, "code"),
                document_type="Công văn", date="2026-03-02", system="state", secrecy=secrecy,
                suggestions=[{"field": "subject", "value": word(kind, "suggested"), "confidence": 0.5}], **columns,
            )  # fmt: skip
            session.add(document)
            session.flush()
            if kind == "bundle":
                session.add(Document(
                    scan_id=scan.id, ordinal=2, pages=[1], status="registered", secrecy="Mật", fields={},
                    text=word("secret other", "twin"), subject=word("secret other", "twinsubject"),
                ))  # fmt: skip
            session.add(StampRow(scan_id=scan.id, document_id=document.id, page=1, box=[0.6, 0.1, 0.9, 0.3],
                                 findings=[]))  # fmt: skip
            session.add(Confirmation(document_id=document.id, field="place", value=word(kind, "confirmed"), by="clerk",
                                     machine=word(kind, "machine"), at=now()))  # fmt: skip
            found = {"document": document.id, "scan": scan.id, "route": "0"}
            if kind == "void":
                document.status = "void"
            elif kind != "raw":
                found["route"] = str(self._in_book(session, document, kind))
            session.add(Outbox(document_id=document.id))
        named = ("document", found["document"])
        found["paper"] = str(client_ids.numbers(self.here.readers, self.here.sessions, [named])[named])
        found["message"] = self._letter(found["scan"], kind)
        for name in ("1.webp", "1.thumb.webp"):
            self.here.derived.put(found["scan"], name, picture)
        return found

    def _letter(self, scan_id: str, kind: str) -> str:
        """The paper came by mail; only the letter says the word of its subject."""
        envelope = origins.Envelope(
            "mail", sender="a@b.vn", account="vanthu@", facts={"subject": word(kind, "subject")}
        )
        message = origins.keep(
            self.here.sessions, self.here.blobs, Safe(self.here.settings.data),
            io.BytesIO(f"Subject: {word(kind, 'text')}".encode()), envelope, limit=999, actor="fetch",
        )  # fmt: skip
        with self.here.sessions.begin() as session:
            scan, place = session.get(Scan, scan_id), origins.Origin("vanthu@", message=message)
            origins.note(session, scan, "mail", "a.pdf", place, now())
        return message

    def _in_book(self, session, document: Document, kind: str) -> int:
        day = today(now())
        register.register(session, document, "den", day, actor="clerk")
        unit = "Phòng VX" if kind in ("own", "secret own", "secret gone", "bundle") else "Phòng TH"
        if kind == "loose":
            return 0
        route = routing.decide(session, document, unit, actor="leader", due=day)
        route.instruction, route.proposal = word(kind, "instruction"), word(kind, "proposal")
        route.asked_due, route.asked_reason = day, word(kind, "asked")
        if kind == "secret gone":
            route.state, document.unit_id = "returned", None
        work_files.put(session, session.get(WorkFile, self.file), document, actor="clerk")
        if kind != "own":
            session.add(CitationRow(document_id=self.ids["own"]["document"], code="7/CV", target_id=document.id))
        session.flush()
        return route.id

    def close(self) -> None:
        self.here.search.close()
        self.here.engine.dispose()


def told(answer) -> str:
    """Everything an answer says, also inside workbooks and printed forms."""
    if answer.mimetype == "application/pdf":
        return _printed(answer.data)
    if answer.data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(answer.data)) as parts:
            return "".join(parts.read(name).decode("utf-8", "replace") for name in parts.namelist())
    return answer.data.decode("utf-8", "replace") + str(answer.headers)


def _printed(content: bytes) -> str:
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    try:
        # A word may be broken over lines.
        text = "".join(page.get_textpage().get_text_bounded() for page in document)
        return text + "".join(text.split())
    finally:
        document.close()


__all__ = ["COMMON", "KINDS", "PEOPLE", "SEES", "Everything", "RouteRow", "told", "word"]
