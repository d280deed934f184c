"""An archive of many papers written straight into PostgreSQL by COPY: rows as the program leaves them behind.

A scan of one page each, read, cut, put into a book, sent to a unit and, but for the youngest, finished; what happened
to it as a chain of events. No originals and no words with boxes: no page measured here opens them. Indexes are made
after the rows, as a restored dump has them made.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive import database, history, people
from archive.models import (
    Base,
    Book,
    BookYear,
    CitationRow,
    Document,
    Event,
    EventHead,
    PageRow,
    RegisterEntry,
    RouteRow,
    Scan,
    Unit,
)  # fmt: skip
from archive.register import type_and_subject
from archive.search.words import line
from bench._search_papers import SYMBOLS, sentences

PASSWORD = "mat khau dai"
SEED = 7
FIRST, LAST = dt.date(2019, 1, 2), dt.date(2026, 11, 20)
UNITS = 24
ORGANS = 400
BOOKS = {"den": "Văn bản đến", "dang": "Văn bản của Đảng", "khieu_nai": "Đơn thư"}
TYPES = ("Công văn", "Công văn", "Công văn", "Quyết định", "Báo cáo", "Kế hoạch", "Thông báo", "Tờ trình", "Chỉ thị")
PROVINCES = ("Cao Bằng", "Sơn La", "Cần Thơ", "Hải Phòng", "Tuyên Quang")
BATCH = 5_000
PEOPLE = {"van": "clerk", "lanh_dao": "leader", "chuyen_vien": "staff"}
Put = Callable[[type[Base], Mapping[str, object]], None]


@dataclass(frozen=True)
class Size:
    """How many papers, and how many of them are not done."""

    papers: int

    @property
    def review(self) -> int:
        """Wait for a clerk."""
        return 100 + self.papers // 2_000

    @property
    def waiting(self) -> int:
        """In the book, without a unit."""
        return self.review

    @property
    def under_way(self) -> int:
        """With a unit, not finished."""
        return 200 + self.papers // 200

    def status(self, number: int) -> str:
        """Of the paper `number`, 0 the oldest."""
        left = self.papers - 1 - number
        if left < self.review:
            return "review"
        if left < self.review + self.waiting:
            return "registered"
        if left < self.review + self.waiting + self.under_way:
            return "routed" if left % 2 else "handling"
        return "done"


@dataclass
class Writer:
    """Makes the rows of one paper after the other; the same for the same seed."""

    size: Size
    pool: list[str]
    dice: random.Random = field(default_factory=lambda: random.Random(SEED))
    numbers: Counter[tuple[str, int]] = field(default_factory=Counter)
    """The last number of each book and year."""
    events: int = 0
    head: str = history.FIRST

    def paper(self, number: int, put: Put) -> None:
        """The rows of the paper `number`."""
        day = FIRST + dt.timedelta(days=(LAST - FIRST).days * number // self.size.papers)
        at = dt.datetime.combine(day, dt.time(1), dt.UTC) + dt.timedelta(seconds=self.dice.randrange(28_000))
        document = self._document(number, at)
        scan, status, text = document["scan_id"], document["status"], document["text"]
        bytes_of = hashlib.sha256(str(number).encode()).hexdigest()
        state = "review" if status == "review" else "done"
        put(Scan, {"id": scan, "sha256": bytes_of, "filename": f"quet-{number}.pdf", "media_type": "application/pdf",
                   "size": 180_000, "pages": 1, "status": state, "priority": 100, "source": "folder", "signatures": [],
                   "received_at": at, "received_by": "van", "read_at": at})  # fmt: skip
        put(PageRow, {"scan_id": scan, "number": 1, "source": "ocr", "reason": "", "width": 1654, "height": 2339,
                      "rotation": 0, "confidence": 0.95, "advice": [], "gaps": [], "plain": text})  # fmt: skip
        put(Document, document)
        put(CitationRow, {"document_id": document["id"], "code": self._code(), "mentions": [], "source": "national 1"})
        self._event(put, at, "received", scan, {"sha256": bytes_of, "size": 180_000, "source": "folder"})
        if status != "review":
            self._into_the_book(document, day, at, put)

    def _code(self) -> str:
        symbol = self.dice.choice(SYMBOLS)
        return f"{self.dice.randrange(1, 4000)}{'-' if '/' in symbol else '/'}{symbol}"

    def _document(self, number: int, at: dt.datetime) -> dict[str, Any]:
        dice, status = self.dice, self.size.status(number)
        code, kind, organ = self._code(), dice.choice(TYPES), f"Cơ quan số {int(dice.paretovariate(0.7)) % ORGANS + 1}"
        issued = (at - dt.timedelta(days=dice.randrange(1, 12))).date()
        subject = " ".join(dice.choice(self.pool).split()[:14]).rstrip(".,;:")
        body, words = [], dice.randrange(120, 200)
        while words > 0:
            body.append(dice.choice(self.pool))
            words -= body[-1].count(" ") + 1
        head = f"{organ.upper()}\nSố: {code}\nngày {issued.day:02} tháng {issued.month:02} năm {issued.year}\n{kind}"
        text = "\n".join((head, subject, *body, f"Căn cứ {self._code()};"))
        said = {"number": code.partition("/")[0], "full_code": code, "date": issued.isoformat(), "subject": subject,
                "issuing_organ": organ, "document_type": kind}  # fmt: skip
        return {
            "id": f"{dice.getrandbits(128):032x}", "scan_id": f"{dice.getrandbits(128):032x}", "ordinal": 1,
            "pages": [1], "cut_reasons": [], "status": status, "version": 1, "system": "state", "kind": "document",
            **said, "symbol": code.partition("/")[2], "secrecy": "Mật" if dice.random() < 0.01 else None,
            "urgency": "Khẩn" if dice.random() < 0.03 else None, "province_current": dice.choice(PROVINCES),
            "fields": {name: _field(value, at) for at, (name, value) in enumerate(said.items())}, "lists": {},
            "flags": [], "suggestions": [], "doubts": int(status == "review"), "text": text,
            "folded": line(code, subject, organ, text), "created_at": at, "changed_at": at,
            "unit_id": None if status in ("review", "registered") else _unit(dice.randrange(UNITS)),
        }  # fmt: skip

    def _into_the_book(self, document: dict[str, Any], day: dt.date, at: dt.datetime, put: Put) -> None:
        book = self.dice.choices(tuple(BOOKS), (8, 1, 1))[0]
        self.numbers[book, day.year] += 1
        number, unit = self.numbers[book, day.year], document["unit_id"]
        entered, sent = at + dt.timedelta(minutes=9), at + dt.timedelta(hours=2)
        said = type_and_subject(cast(Document, SimpleNamespace(**document)))
        put(RegisterEntry, {
            "book_id": book, "year": day.year, "number": number, "document_id": document["id"], "status": "registered",
            "arrived_on": day, "issuer": document["issuing_organ"], "code": document["full_code"],
            "document_date": document["date"], "type_and_subject": said,
            "recipient": _name(unit) if unit else "", "forwarded_on": sent.date() if unit else None, "receipt": "",
            "note": "", "registered_by": "van", "registered_at": entered,
        })  # fmt: skip
        facts = {"book": book, "year": day.year, "number": number, "arrived_on": day.isoformat()}
        self._event(put, entered, "registered", document["id"], facts)
        self._route(document, _unit(self.dice.randrange(UNITS)), "suggested", day, at, put)
        if unit:
            state = {"routed": "decided", "handling": "received"}.get(document["status"], "finished")
            self._route(document, unit, state, day, sent, put)
            due = (day + dt.timedelta(days=7)).isoformat()
            self._event(put, sent, "routed", document["id"], {"unit": unit, "role": "lead", "due": due})

    def _route(
        self, document: dict[str, Any], unit: str, state: str, day: dt.date, at: dt.datetime, put: Put
    ) -> None:  # fmt: skip
        decided, taken, done = state != "suggested", state in ("received", "finished"), state == "finished"
        put(RouteRow, {
            "document_id": document["id"], "unit_id": unit, "unit": _name(unit), "role": "lead",
            "due": day + dt.timedelta(days=7) if decided else None, "days": None if decided else 5, "state": state,
            "reason": "" if decided else "theo loại văn bản", "instruction": "", "version": 1,
            "confidence": 1.0 if decided else 0.7, "source": "person" if decided else "national 1",
            "decided_by": "lanh_dao" if decided else None, "decided_at": at if decided else None,
            "received_by": "chuyen_vien" if taken else None, "received_at": at if taken else None,
            "closed_by": "chuyen_vien" if done else None, "closed_reason": "",
            "closed_at": at + dt.timedelta(days=self.dice.randrange(1, 9)) if done else None,
            "opinion": "", "proposal": "", "asked_reason": "", "reply": "",
        })  # fmt: skip

    def _event(self, put: Put, at: dt.datetime, action: str, subject: str, facts: Mapping[str, object]) -> None:
        self.events += 1
        said = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        row = {"seq": self.events, "at": at.isoformat(timespec="milliseconds"), "actor": "van", "action": action,
               "subject": subject, "data": said, "previous": self.head}  # fmt: skip
        self.head = history.digest(cast(Event, SimpleNamespace(**row)))
        put(Event, {**row, "hash": self.head})


def _field(value: str, at: int) -> dict[str, Any]:
    box = [0.2, round(0.1 + 0.02 * at, 2), 0.4, round(0.12 + 0.02 * at, 2)]
    return {"value": value, "confidence": 0.98, "sure": True, "partial": None, "reason": "", "page": 1, "box": box,
            "source": "national 1", "others": []}  # fmt: skip


def _unit(number: int) -> str:
    return f"phong_so_{number + 1}"


def _name(unit: str) -> str:
    return f"Phòng số {unit.rpartition('_')[2]}"


def fill(engine: sa.Engine, papers: int, until: int = 0) -> None:
    """A migrated database becomes an archive of so many papers, or of the first `until` of them; one that was left
    half-way is gone on with."""
    until = until or papers
    began = time.monotonic()
    with database.sessions(engine).begin() as session:
        if session.get(Unit, _unit(0)) is None:
            _staffed(session)
        done = session.scalar(sa.select(sa.func.count()).select_from(Scan)) or 0
    if until > 2 * done:
        for index in _indexes():
            index.drop(engine, checkfirst=True)
    writer = _writer(engine, papers)
    for begin in range(done, until, BATCH):
        _copied(engine, _batch(writer, begin, min(begin + BATCH, until)))
    print(f"{until - done} papers copied in {time.monotonic() - began:.0f} s", flush=True)
    _finished(engine, writer)
    print(f"indexes and statistics after {time.monotonic() - began:.0f} s", flush=True)


def _staffed(session: Session) -> None:
    known = set(session.scalars(sa.select(Book.id)))
    session.add_all(Unit(id=_unit(n), name=_name(_unit(n))) for n in range(UNITS))
    session.add_all(Book(id=name, title=title) for name, title in BOOKS.items() if name not in known)
    session.flush()
    for name, role in PEOPLE.items():
        people.add_user(session, name, role, _name(_unit(0)) if role == "staff" else None, PASSWORD)


def _writer(engine: sa.Engine, papers: int) -> Writer:
    """One that goes on with the numbers and the chain that are there."""
    with database.readers(engine)() as session:
        event = session.scalars(sa.select(Event).order_by(Event.seq.desc()).limit(1)).one()
        last = sa.select(RegisterEntry.book_id, RegisterEntry.year, sa.func.max(RegisterEntry.number))
        numbers = {(book, year): number for book, year, number in session.execute(
            last.group_by(RegisterEntry.book_id, RegisterEntry.year))}  # fmt: skip
    pool = sentences(random.Random(SEED))
    return Writer(Size(papers), pool, numbers=Counter(numbers), events=event.seq, head=event.hash)


def _batch(writer: Writer, begin: int, end: int) -> dict[type[Base], list[Mapping[str, object]]]:
    rows: dict[type[Base], list[Mapping[str, object]]] = {}
    writer.dice.seed(f"{SEED}-{begin}")
    for number in range(begin, end):
        writer.paper(number, lambda table, row: rows.setdefault(table, []).append(row))
    return rows


def _copied(engine: sa.Engine, rows: Mapping[type[Base], Sequence[Mapping[str, object]]]) -> None:
    """All of them in one transaction; keys that point elsewhere are right by themselves."""
    with engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        connection.execute(sa.text("SET LOCAL synchronous_commit = off"))
        raw: Any = connection.connection.driver_connection
        for table, many in rows.items():
            names = list(many[0])
            kinds = [isinstance(table.__table__.c[name].type, sa.JSON) for name in names]
            asked = f'COPY "{table.__tablename__}" ({", ".join(names)}) FROM STDIN'
            with raw.cursor() as cursor, cursor.copy(asked) as copy:
                for row in many:
                    copy.write_row([json.dumps(row[n], ensure_ascii=False) if j else row[n]
                                    for n, j in zip(names, kinds, strict=True)])  # fmt: skip


def _indexes() -> list[sa.Index]:
    """Of the large tables, but for those that say what there may be only once."""
    tables = (Scan, PageRow, Document, CitationRow, RouteRow, RegisterEntry, Event)
    return [index for one in tables for index in cast(sa.Table, one.__table__).indexes if not index.unique]


def _finished(engine: sa.Engine, writer: Writer) -> None:
    with database.sessions(engine).begin() as session:
        session.execute(sa.update(EventHead).values(seq=writer.events, hash=writer.head))
        for (book, year), last in writer.numbers.items():
            session.merge(BookYear(book_id=book, year=year, last=last))
    for index in _indexes():
        with engine.begin() as connection:
            connection.execute(sa.text("SET LOCAL maintenance_work_mem = '256MB'"))
            index.create(connection, checkfirst=True)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))
