"""Sixty texts that want to be more than text, and an archive that says nothing else.

Each has its own mark, `x07x`, so that a test can tell which of them a page has shown. What they would make has the
class `hostile`; what they would run sets `ran` or opens a dialog.
"""

import sqlalchemy as sa

from archive import client_ids, history
from archive.models import (
    Abbreviation,
    AgencyCode,
    Base,
    BookImport,
    CitationRow,
    Confirmation,
    Document,
    Event,
    FilePaper,
    FindingRow,
    Holiday,
    Message,
    NetworkScanner,
    Origin,
    PageRow,
    RegisterEntry,
    RouteRow,
    SavedSearch,
    Scan,
    StampLayout,
    Unit,
    User,
    WorkFile,
    now,
)
from archive.scanner import Wanted, facts
from archive.scanner.batch import Batch
from tests.server import shelf
from tests.server.desk import FIELDS

RUN = "window.ran=1;alert(1)"
SHAPES = [
    # elements that run, and attributes that do
    "<script {h}>{run}</script>",
    "<SCRIPT {h} SRC=//elsewhere.example/x.js></SCRIPT>",
    "<img {h} src=x onerror={run}>",
    "<svg {h} onload={run}>",
    "<body {h} onpageshow={run}>",
    "<svg {h}><script>{run}</script></svg>",
    "<math {h}><mtext><script>{run}</script></mtext></math>",
    "<details {h} open ontoggle={run}>",
    "<iframe {h} srcdoc='<script>parent.ran=1</script>'></iframe>",
    "<iframe {h} src=javascript:{run}></iframe>",
    "<object {h} data=javascript:{run}></object>",
    "<embed {h} src=data:text/html,<script>{run}</script>>",
    "<video {h}><source onerror={run}></video>",
    "<input {h} autofocus onfocus={run}>",
    "<marquee {h} onstart={run}>x</marquee>",
    "<style {h}>*{{background:url(//elsewhere.example)}}</style>",
    "<link {h} rel=stylesheet href=data:,x>",
    "<base {h} href=//elsewhere.example/>",
    "<meta {h} http-equiv=refresh content=0;url=javascript:{run}>",
    "<form {h} action=//elsewhere.example><button>x</button></form>",
    "<a {h} href=javascript:{run}>x</a>",
    "<x {h} onclick={run} style=position:fixed;inset:0>x</x>",
    "<template {h}><script>{run}</script></template>",
    "<div {h} hx-get=/logout hx-trigger=load>x</div>",
    "<div {h} data-hx-on:load={run}>x</div>",
    # out of where a text stands
    '"><img {h} src=x onerror={run}>',
    "'><img {h} src=x onerror={run}>",
    '" onfocus={run} autofocus {h} x="',
    "' onmouseover={run} {h} x='",
    "` onerror={run} {h} x=`",
    "</title><script {h}>{run}</script>",
    "</textarea><script {h}>{run}</script>",
    "</script><script {h}>{run}</script>",
    "</style><script {h}>{run}</script>",
    "</select><img {h} src=x onerror={run}>",
    "--><script {h}>{run}</script><!--",
    "]]><script {h}>{run}</script>",
    "*/{run}/*",
    '\\";{run};//',
    "';{run};'",
    # addresses and templates
    "javascript:{run}//",
    "JaVaScRiPt:{run}",
    "java\tscript:{run}",
    "\x01javascript:{run}",
    "data:text/html,<script>{run}</script>",
    "//elsewhere.example/",
    "{{{{7*7}}}}",
    "{{% print(7*7) %}}",
    "${{7*7}}",
    "#{{7*7}}",
    # letters that deceive
    "＜script {h}＞{run}＜/script＞",
    "&lt;script {h}&gt;{run}&lt;/script&gt;",
    "&#60;img {h} src=x onerror={run}&#62;",
    "\u202e<img {h} src=x onerror={run}>\u202c",
    "<\u0131mg {h} src=x onerror={run}>",
    "\ufeff<scr\u200bipt {h}>{run}</script>",
    "<img\x0b{h}\x0csrc=x\x0bonerror={run}>",
    "\u2028{run}\u2029//",
    '=HYPERLINK("javascript:{run}")',
    "<b {h}>" + "dài " * 400,
]
TEXTS = [f"{shape.format(run=RUN, h='class=hostile')} x{number:02}x" for number, shape in enumerate(SHAPES)]
assert len(TEXTS) == 60
EVERYTHING = " ¶ ".join(TEXTS)

KEPT = {  # columns that hold no words of anybody: keys, kinds, moments, hashes; and what pages are found by
    "id", "status", "state", "role", "kind", "sha256", "media_type", "source", "system", "password_hash", "csrf",
    "secret", "prefix", "digest", "event", "outcome", "witness", "relation", "date", "document_date", "valid_from",
    "valid_until", "slug", "hash", "previous", "at", "expires_at", "database", "folded",
}  # fmt: skip


VAN = sa.select(User.id).where(User.role == "admin").limit(1)
"""Who looks."""


def free_texts(model):
    """The columns of `model` that hold words people or papers brought."""
    for column in sa.inspect(model).columns:
        words = isinstance(column.type, sa.String) and not column.foreign_keys and not column.primary_key
        if words and not column.unique and column.name not in KEPT:
            yield column


def spoil(session, text):
    """Write `text` into every column for words that is still empty: a new one is tried without anybody's doing."""
    for model in [mapper.class_ for mapper in Base.registry.mappers]:
        for column in free_texts(model) if model is not Event else ():  # nobody changes those, not even to none
            session.execute(
                sa.update(model)
                .where(sa.or_(column.is_(None), column == ""))
                .values({column: text[: column.type.length]})
            )


def fits(session, *_):
    """What PostgreSQL would not take is cut to its column; SQLite takes it, and so more is tried there."""
    if session.get_bind().dialect.name == "sqlite":
        return
    for thing in (*session.new, *session.dirty):
        for name, column in sa.inspect(type(thing)).columns.items():
            value, longest = getattr(thing, name, None), getattr(column.type, "length", None)
            if isinstance(value, str) and longest and len(value) > longest:
                setattr(thing, name, value[:longest])


def fill(app, makers, texts=TEXTS):
    """One thing of each kind for each text, in the book of 2026 and in the index; addresses of one of each kind."""
    sheet = [" ".join(one.split()).replace("{", "{{").replace("}", "}}") for one in texts]
    whole = shelf.file(
        app, makers, [sheet[place : place + 30] for place in range(0, len(sheet), 30)], number="900", stamp=stamp()
    )
    waiting = shelf.file(app, makers, [sheet[:10]], number="901", stamp=stamp())
    with makers.begin() as session:
        sa.event.listen(session, "before_flush", fits)
        for number, text in enumerate(texts, 1):
            _one_of_each(session, number, text)
        session.flush()
        _about(session, session.get(Document, whole), " ¶ ".join(texts), 900, "u-900")
        told = {"subject": [EVERYTHING, EVERYTHING], "reason": EVERYTHING}
        history.append(session, texts[0], "corrected", whole, told)
        session.flush()
        spoil(session, EVERYTHING)
        other = {
            "scan": session.get(Document, waiting).scan_id, "whole": whole, "waiting": waiting,
            "file": session.scalar(sa.select(WorkFile.id).limit(1)),
            "import": session.scalar(sa.select(BookImport.id).limit(1)),
            "route": session.scalar(sa.select(RouteRow.id).limit(1)),
            **{kind: session.scalar(sa.select(Message.id).where(Message.kind == kind)) for kind in ("mail", "edxml")},
            "batch": batch_of(app, session.scalar(VAN)),
        }  # fmt: skip
    shelf.index(app, makers)
    named = ("document", whole)
    return other | {"paper": client_ids.numbers(makers, makers, [named])[named]}


def batch_of(app, owner):
    """A batch with a page, begun by `owner` at a scanner with a name that wants more; its id."""
    batches = app.extensions["vanthu"].batches
    batch = batches.begin(Batch("", owner, "", Wanted(f"sane:{EVERYTHING}")))
    for name in ("0001.view.webp", "0001.thumb.webp"):
        (batches.folder(batch.id) / name).write_bytes(b"RIFFxxxxWEBP")
    facts.note(batches.folder(batch.id), facts.Facts(1, 1, 300, 2480, 3508))
    return batch.id


def stamp():
    return [{"field": "forward_to", "value": EVERYTHING, "confidence": 0.9, "page": 1, "box": [0.1, 0.1, 0.3, 0.2]}]


def _one_of_each(session, number, text):
    scan = Scan(sha256=f"hostile-{number}", filename=text, media_type="application/pdf", size=9, pages=1, error=text,
                status="failed" if number % 3 == 0 else "review", received_by=text, read_at=now(),
                signatures=[_seal(text)])  # fmt: skip
    unit = Unit(id=f"u-{number}", name=text)
    session.add(NetworkScanner(url=f"http://127.0.0.1:9/{number}", name=text, allowed_by=text))
    user = User(name=f"n{number}", full_name=text, password_hash="-", role="clerk", unit_id=unit.id, email=text)
    session.add_all([scan, unit])
    session.flush()
    said = {name: {"value": text, "confidence": 0.5, "sure": False, "page": 1, "box": [0, 0, 1, 1], "reason": text,
                   "partial": text, "source": text, "others": [{"value": text, "confidence": 0.4, "source": text}]}
            for name in FIELDS}  # fmt: skip
    paper = Document(
        scan_id=scan.id, pages=[1], status="review" if number % 2 else "handling", fields=said, text=text,
        **{name: text for name in FIELDS if name != "date"}, date="2026-03-30", unit_id=unit.id,
    )  # fmt: skip
    letter = Message(kind="mail", sha256=f"hostile-letter-{number}", size=9, sender=text, account=text,
                     facts={"subject": text, "date": text, "refused": [text],
                            "parts": [{"name": text, "description": text, "why": text}]})  # fmt: skip
    message = Message(kind="edxml", sha256=f"hostile-message-{number}", size=9, key=text[:500], facts={
        "told": {"id": text, "sender": {"id": text, "name": text}, "appendixes": [text], "places": [text]},
        "main": scan.sha256, "signatures": [_seal(text)],
        "files": [{"name": text, "sha256": scan.sha256, "why": text}]})  # fmt: skip
    session.add_all([letter, message])
    session.flush()
    session.add_all([
        Origin(scan_id=scan.id, message_id=letter.id, source="mail", label=text, filename=text),
        Origin(scan_id=scan.id, message_id=message.id, source="edxml", label=text, filename=text),
        user, paper, PageRow(scan_id=scan.id, number=1, source="ocr", plain=text, width=100, height=100, reason=text),
        AgencyCode(code=text, name=text, folded=text), Abbreviation(short=text, long=text, kind="organ"),
        SavedSearch(user_id=session.scalar(VAN), name=text, query=f"q={text}"),
        StampLayout(name=text, width=0.2, height=0.1, words=text, taught_by=text),
        BookImport(book_id="den", year=2026, filename=text, sha256="0", head=0, by=text, sheet=[[text, text]]),
    ])  # fmt: skip
    session.flush()
    day = now().date().replace(month=1 + number % 12, day=1 + number // 12)
    session.merge(Holiday(day=day, name=text, changed_by=text))
    session.flush()
    _about(session, paper, text, number, unit.id)


def _seal(text):
    return {"verdict": text, "signer": text, "organs": [text], "why": text, "at": None}


def _about(session, paper, text, number, unit_id):
    if session.get(Unit, unit_id) is None:
        session.add(Unit(id=unit_id, name=f"{text} chung"))
        session.flush()
    file = WorkFile(year=2026, code=f"{number}", heading=text, title=text, keeper=text, note=text, created_by=text)
    today = now().date().replace(year=2026)
    session.add_all([
        file,
        RegisterEntry(book_id="den", year=2026, number=number, document_id=paper.id, arrived_on=today, issuer=text,
                      code=text, type_and_subject=text, recipient=text, receipt=text, note=text, registered_by=text,
                      status="void" if number % 7 == 0 else "registered", void_reason=text),
        RouteRow(document_id=paper.id, unit_id=unit_id, unit=text, due=today, reason=text, instruction=text,
                 source=text, state="suggested" if number % 2 else "received", decided_by=text, opinion=text,
                 proposal=text, proposed_by=text, asked_reason=text, reply=text, closed_reason=text),
        CitationRow(document_id=paper.id, type=text, code=text, issuer=text, source=text, mentions=[]),
        FindingRow(document_id=paper.id, field="subject", value=text, confidence=0.5, reason=text, witness="text",
                   source=text),
        Confirmation(document_id=paper.id, field="subject", value=text, machine=text, by=text, source=text),
    ])  # fmt: skip
    session.flush()
    session.add(FilePaper(file_id=file.id, document_id=paper.id, position=1, added_by=text))
    history.append(session, "x" + text, "corrected", paper.id, {"subject": [text, text]})
    history.append(session, "x", "recall_asked", paper.id, {"message": text, "sender": text, "reason": text})
