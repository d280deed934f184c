"""Whoever changes what the archive keeps leaves an event: watched at the database, in every test of the web.

A transaction of a request that writes into a table which is not QUIET, and adds no event, is a change nobody can be
asked about later.
"""

import re
from collections import defaultdict

import sqlalchemy as sa
from flask import has_request_context, request

QUIET = {
    "event", "event_head",  # the chain itself
    "outbox", "task", "inspection",  # work to do, and how far it is
    "presence", "session", "sign_in_step", "failed_place", "known_place",  # who is there, at the door
    "setup_link",  # used up by the event "user_added"
    "digest",  # letters that went out
    "book_import",  # a draft; what becomes of it is an event
    "client_id", "client_upload",  # numbers of what there is; what was said of a file after the event "received"
}  # fmt: skip
QUIET_CHANGES = (
    re.compile(r"UPDATE token SET used_at="),
    re.compile(r"UPDATE user SET (?:failures|locked_until|password_hash)=", re.IGNORECASE),  # counted, or rehashed
    re.compile(r"UPDATE document SET folded="),  # a projection
    re.compile(r"UPDATE saved_search SET (?:seen|news|looked)"),  # a person looked at what the search finds
)
_WRITES = re.compile(r'\s*(?:INSERT (?:OR \w+ )?INTO|UPDATE|DELETE FROM) "?(\w+)"?', re.IGNORECASE)


class Witness:
    """Listens to one engine; `silent` says what was changed without an event."""

    def __init__(self, engine):
        self.silent = []
        self._written = defaultdict(set)
        sa.event.listen(engine, "before_cursor_execute", self._hear)
        sa.event.listen(engine, "commit", self._judge)
        sa.event.listen(engine, "rollback", self._forget)

    def _hear(self, connection, _cursor, statement, _parameters, _context, _many):
        found = _WRITES.match(statement)
        if not found or not has_request_context():
            return
        plain = statement.replace('"', "")
        quiet = found[1] in QUIET - {"event"} or any(one.match(plain) for one in QUIET_CHANGES)
        if not quiet:
            self._written[id(connection.connection.dbapi_connection)].add((found[1], request.endpoint))

    def _judge(self, connection):
        written = self._written.pop(id(connection.connection.dbapi_connection), set())
        if written and "event" not in {table for table, _ in written}:
            self.silent += sorted(written)

    def _forget(self, connection):
        self._written.pop(id(connection.connection.dbapi_connection), None)
