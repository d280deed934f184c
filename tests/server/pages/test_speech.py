"""Vietnamese first; English for whoever asks, whole: no sentence of ours is forgotten."""

import io
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from archive import access, handling, handling_book, inbox, register_by_hand, signed
from archive.edxml import statuses
from archive.register_export import COLUMNS
from server import errors
from server.pages import (
    abbreviations,
    book_import,
    books,
    ledger,
    messages,
    neighbours,
    origins,
    reminders,
    reports,
    routing,
    scanned,
    scanning,
    search,
    shown,
    vouched,
    work_file,
)
from server.speech import FOLDER

SERVER = Path(__file__).parents[3] / "server"
WORDS = {"_": None, "ngettext": (1, 2)}
LABELS = (
    *shown.FIELDS.values(), *shown.STAMP_FIELDS.values(), *(words for *_look, words in shown.STATUSES.values()),
    *shown.FLAGS.values(), *shown.ADVICE.values(), *shown.SCAN_AGAIN.values(), *shown.ACTIONS.values(),
    *shown.UNDO.values(), *shown.DID.values(), *statuses.NAMES.values(),
    *routing.ROLES.values(), *routing.STATES.values(), *(one.label for one in handling.MOVES.values()),
    *inbox.LANES.values(), *shown.WEEKDAYS, *handling_book.COLUMNS, *handling_book.SHOWS.values(),
    *(words for *_look, words in reminders.STATES.values()), *search.FACETS.values(), *search.SORTS.values(),
    *search.DAYS.values(), *abbreviations.KINDS.values(),
    *errors.TITLES.values(), *errors.SAYS.values(), *access.ROLES.values(), *COLUMNS, *neighbours.RELATIONS.values(),
    *reports.PARTS.values(), *reports.STEPS.values(), *reports.KINDS.values(), *reports.NAMELESS.values(),
    *(name for _key, name, _look in reports.KEPT), work_file.NO_FILE,
    *ledger.REASONS.values(), *ledger.DOORS.values(), *origins.DOORS.values(), ledger.TODO,
    *messages.KINDS.values(), *messages.WHY.values(),
    *(name for _key, name, _look in ledger.COLUMNS),
    *(words for _look, _sign, *both in scanned.ENDS.values() for words in both if words), scanned.KEPT,
    scanning.NO_DEVICE, scanning.NO_NUMBER, scanning.NO_WAY,
    *(words for *_look, words in vouched.VERDICTS.values()), *vouched.ASKED.values(), *signed.TRUST_WORDS.values(),
    signed.NO_EXTRA, signed.TOO_LARGE, signed.FAILED, signed.PART, signed.MANY, signed.NOBODY,
    *register_by_hand.LABELS.values(), *book_import.LABELS.values(), *books.SYSTEMS.values(),
)  # fmt: skip


@pytest.fixture(scope="module")
def english():
    with (FOLDER / "en" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="en")


def said():
    methods = [("**/templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
    for _file, _line, message, _comments, _context in extract_from_dir(SERVER, methods, keywords=WORDS):
        yield message if isinstance(message, str) else message[0]


def test_every_sentence_has_an_english_one(english):
    translated = {message.id if isinstance(message.id, str) else message.id[0] for message in english if message.string}
    assert {*said(), *LABELS} - translated == set()


def test_the_compiled_file_is_that_of_the_source(english):
    out = io.BytesIO()
    write_mo(out, english)
    assert out.getvalue() == (FOLDER / "en" / "LC_MESSAGES" / "messages.mo").read_bytes()


def test_a_person_chooses_language_and_look_and_the_browser_keeps_them(desk):
    van = desk()
    assert 'lang="vi"' in van.page("/")
    assert van.send("/display", {"lang": "en", "back": "/register"}).headers["Location"] == "/register"
    van.send("/display", {"theme": "dark"})
    text = van.page("/")
    assert 'lang="en" data-theme="dark"' in text and "Just scanned" in text and "Vừa quét" not in text
    van.send("/display", {"lang": "xx", "theme": "pink", "back": "https://elsewhere.example/"})
    assert 'lang="en" data-theme="dark"' in van.page("/")
