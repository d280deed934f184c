"""What is known of every request: its id, on each line of the log and in the answer; how long it took, counted.

It stands around the whole application, so that what fails anywhere is seen, too. Routes are known by their rule, never
by the path: a path may be a secret, and there are as many as strangers care to invent.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, request

from archive import logs
from archive.tally import REQUEST, Tally

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("vanthu.web")
HEADER = "X-Request-ID"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET = ("/static/<path:filename>", "/healthz", "/readyz", "/metrics")
"""Asked every few seconds, or with every page: counted, and not told."""
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_ROUTE = "vanthu.route"


def init_app(app: Flask, tally: Tally) -> None:
    """Watch every request that `app` answers."""
    app.before_request(_note_route)
    app.wsgi_app = _Watched(app.wsgi_app, tally)  # type: ignore[method-assign]


def id_of(given: str) -> str:
    """The id a proxy gave, if nothing but an id can be in it; else a new one."""
    return given if _WELL_FORMED.fullmatch(given) else secrets.token_hex(8)


def _note_route() -> None:
    if request.url_rule is not None:
        request.environ[_ROUTE] = request.url_rule.rule


class _Watched:
    """A WSGI application around another."""

    def __init__(self, app: WSGIApplication, tally: Tally) -> None:
        self._app, self._tally = app, tally

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        number, began, status = id_of(environ.get("HTTP_X_REQUEST_ID", "")), time.monotonic(), "500"

        def start(line: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            nonlocal status
            status = line[:3]
            return start_response(line, [*headers, (HEADER, number)], *more)

        with logs.about(request=number):
            try:
                return self._app(environ, start)
            finally:
                self._note(environ, status, time.monotonic() - began)

    def _note(self, environ: WSGIEnvironment, status: str, seconds: float) -> None:
        method = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"] in METHODS else "other"
        route = environ.get(_ROUTE, "none")
        self._tally.count(REQUEST, (route, method, f"{status[0]}xx"), seconds)
        if route not in QUIET:
            log.info("request route=%s method=%s status=%s ms=%d", route, method, status, 1000 * seconds)
