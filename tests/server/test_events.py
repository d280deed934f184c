"""Every route and command that changes something names the event it leaves; one without a line here fails the suite.

That the event is really written is watched at the database in every test of the web (tests/server/witness.py); here
stands which it is, that the code knows it, and which carry before and after.
"""

import json
import re
from pathlib import Path

import click
import pytest
import sqlalchemy as sa

from archive import history
from archive.models import Event
from server.cli import main
from tests.server.desk import shelve

ROOT = Path(__file__).parents[2]

# Endpoint → events, at least one of which every change by it leaves; a text in brackets says why there is none.
ROUTES = {
    "abbreviations.add": "abbreviation_added", "abbreviations.remove": "abbreviation_removed",
    "abbreviations.switch": "abbreviation_switched_off abbreviation_switched_on",
    "admin.add_user": "user_added", "admin.disable_user": "user_disabled",
    "admin.switch": "plugin_enabled plugin_disabled plugins_ordered",
    "agencies.add": "agency_code_added", "agencies.end": "agency_code_ended", "agencies.remove": "agency_code_removed",
    "agencies.take_table": "agency_code_added",
    "api_documents.correct": "corrected", "api_documents.enter": "registered", "api_documents.merge": "merged",
    "api_documents.route": "routed", "api_documents.split": "split", "api_files.put": "filed",
    "api_handling.distribute": "routed", "api_handling.make": "taken_over", "api_handling.put_holiday": "holiday_put",
    "api_handling.remove_holiday": "holiday_removed", "api_register.void": "number_voided",
    "api_sendings.send": "sent_to_office",
    "api_scans.retry": "retried", "api_scans.send": "received refused",
    "aside.bring_back": "brought_back", "aside.set_aside": "set_aside",
    "book_import.act": "book_imported", "book_import.upload": "(a draft; what becomes of it is book_imported)",
    "books.add": "book_added", "books.change": "book_changed",
    "by_hand.attach": "scan_attached", "by_hand.enter": "entered_by_hand",
    "cutting.merge": "merged", "cutting.move": "pages_moved", "cutting.split": "split", "cutting.turn": "page_turned",
    "cutting.undo": "cut_undone", "days.close": "day_closed", "days.reopen": "day_reopened",
    "delegations.give": "delegated", "delegations.revoke": "delegation_revoked",
    "files.add": "file_opened", "files.copy": "file_opened", "files.take_table": "file_opened",
    "holidays.put": "holiday_put", "holidays.remove": "holiday_removed",
    "keys.make": "token_made", "keys.revoke": "token_revoked",
    "ledger.inspect": "inspection_asked", "moves.make": "taken_over", "numbers.void": "numbers_voided",
    "paperless_changing.bulk": "(refused)", "paperless_changing.change": "corrected",
    "paperless_changing.delete": "(refused)", "paperless_changing.note": "(refused)",
    "paperless_labels.change": "(refused)", "paperless_labels.change_one": "(refused)",
    "paperless_lists.empty_trash": "(refused)", "paperless_lists.keep_view": "(refused)",
    "paperless_lists.make_link": "(refused)", "paperless_people.change": "(refused)",
    "paperless_tasks.acknowledge": "(a person's own mark of what was seen)",
    "paperless_tokens.give": "token_made token_revoked signed_in account_locked",
    "paperless_uploads.send": "received refused",
    "post.send": "sent_to_office",
    "quarantine.decide": "destroyed secrecy_released", "quarantine.decide_alone": "destroyed secrecy_released",
    "register.void": "number_voided",
    "reminders.save": "reminders_set",
    "restored.say": "last_on_paper",
    "review.decide": "corrected confirmed registered", "review.retry": "retried", "routing.decide": "routed",
    "scanners.add": "scanner_allowed", "scanners.find": "(only listens)", "scanners.forbid": "scanner_forbidden",
    "scanning.begin": "batch_swept", "scanning.change": "(pages not handed in yet)",
    "scanning.choose_files": "(pages not handed in yet)", "scanning.discard": "batch_discarded",
    "scanning.find_again": "(only looks)", "scanning.go_on": "(pages not handed in yet)",
    "scanning.receive": "received refused", "scanning.stop": "(a scanner stops)",
    "searches.keep": "search_kept", "searches.open_one": "(a person's own mark of what was seen)",
    "searches.remove": "search_removed", "searches.rename": "search_renamed",
    "second_factor.change": "second_factor_on second_factor_off", "sessions.end": "signed_out",
    "sign_in.change_password": "password_changed", "sign_in.display": "(a cookie)", "sign_in.logout": "(a session)",
    "sign_in.send_code": "signed_in", "sign_in.set_up": "user_added", "sign_in.sign_in": "signed_in account_locked",
    "stamps.forget": "stamp_forgotten", "stamps.teach": "stamp_taught", "upload.upload": "received refused",
    "user.end": "signed_out", "user.identify": "identity_named identity_forgotten", "user.reset": "second_factor_off",
    "user.unlock": "account_unlocked",
    "work_file.arrange": "file_ordered unfiled", "work_file.change": "file_changed", "work_file.close": "file_closed",
    "packages.ask": "package_asked",
    "work_file.hand_over": "file_handed_over", "work_file.put": "filed", "work_file.put_one": "filed",
    "work_file.remove": "file_removed", "work_file.reopen": "file_reopened",
}  # fmt: skip

COMMANDS = {
    "agencies import": "agency_code_added", "check": "inspected reread", "files import": "file_opened",
    "import-book": "book_imported", "ingest": "received refused", "edxml status": "status_told",
    "edxml send": "sent_to_office",
    "plugins disable": "plugin_disabled",
    "plugins enable": "plugin_enabled", "plugins order": "plugins_ordered", "reread": "reread",
    "scrub": "original_damaged original_whole batch_swept", "token new": "token_made",
    "token revoke": "token_revoked",
    "user add": "user_added", "user disable": "user_disabled", "user password": "password_changed",
    "watch": "received refused", "fetch": "received refused message_kept message_refused",
    "backup": "backed_up", "restore": "restored", "import": "bag_imported", "register last": "last_on_paper",
    "user identity": "identity_named identity_forgotten", "user second-factor": "second_factor_off",
    "user unlock": "account_unlocked", "export": "everything_exported", "handover": "package_taken",
}  # fmt: skip
CHANGE_NOTHING = {
    "agencies list",
    "edxml export",
    "events export",
    "events verify",
    "events head",
    "files list",
    "metrics",
    "plugins backtest",
    "plugins list",
    "plugins test",
    "read",
    "register export",
    "register report",
    "search",
    "token list",
    "user list",
}
"""Commands that only tell."""
NO_PAPERS = {
    "copy-originals": "the same bytes in another place",
    "plugins new": "a folder", "reindex": "a projection", "remind": "letters", "serve": "the web", "up": "all of them",
    "upgrade": "the schema", "work": "the line, whose steps leave events",
}  # fmt: skip


def changing(app):
    """Endpoints that take something else than GET."""
    return {rule.endpoint for rule in app.url_map.iter_rules() if rule.methods - {"GET", "HEAD", "OPTIONS"}}


def commands(group, path=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield from commands(command, (*path, name)) if isinstance(command, click.Group) else [" ".join((*path, name))]


def written():
    """Every text in the code that could be the name of an event."""
    files = [file for house in ("archive", "server") for file in (ROOT / house).rglob("*.py")]
    return set(re.findall(r'"([a-z_]+)"', "".join(file.read_text(encoding="utf-8") for file in files)))


def test_every_route_that_changes_something_names_its_event(app):
    assert changing(app) == set(ROUTES)


def test_every_command_names_its_event_or_changes_nothing():
    known = {*COMMANDS, *CHANGE_NOTHING, *NO_PAPERS}
    assert set(commands(main)) - known == set()


def test_every_event_named_here_is_one_the_code_writes():
    events = {name for said in [*ROUTES.values(), *COMMANDS.values()] if said[0] != "(" for name in said.split()}
    assert events - written() == set()


def test_a_change_of_a_paper_tells_before_and_after(desk, makers):
    paper, clerk = shelve(makers), desk("clerk")
    clerk.decide(paper, "save", subject="đã sửa")
    with makers() as session:
        event = session.scalars(sa.select(Event).where(Event.action == "corrected")).one()
    before, after = json.loads(event.data)["fields"]["subject"]
    assert (before != after, after, event.actor, event.subject) == (True, "đã sửa", "clerk-x", paper)


def test_a_change_without_an_event_would_be_seen(app, desk, makers):
    """The witness itself, with a change that is taken back before anybody counts it."""
    from tests.server.witness import Witness

    witness = Witness(app.extensions["vanthu"].engine)
    paper = shelve(makers)
    with app.test_request_context("/upload", method="POST"), app.extensions["vanthu"].sessions.begin() as session:
        session.execute(sa.text("UPDATE document SET status = 'void'"))
        history.append(session, "van", "set_aside", paper)
    assert witness.silent == []
    with pytest.raises(AssertionError), app.test_request_context("/upload", method="POST"):
        with app.extensions["vanthu"].sessions.begin() as session:
            session.execute(sa.text("UPDATE scan SET status = 'done' WHERE 1 = 0"))
        assert witness.silent == []
    assert witness.silent.pop() == ("scan", "upload.upload")
    app.extensions["witness"].silent.clear()
