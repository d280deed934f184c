"""The web of several offices: each request goes to the application of the office it is for, by host or by path.

Each office has an application of its own over an archive of its own; a session or a key of one is unknown in another.
What belongs to none is the hall: the list of the offices, and what those ask who watch the machine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask, Response, g, jsonify, render_template, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.utils import redirect

from archive import logs, metrics
from archive.config import Settings
from archive.errors import BadSettings
from archive.offices import Office
from server import create_app, errors, pages, rooted, security, speech, watched
from server.api import health
from server.state import State

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST, LINE = 8, 4
"""Requests of one office that are answered at the same time, and more that wait: one whose database hangs does not take
every thread."""
PATIENCE = 5.0
"""Seconds a request waits for its turn, and an office has to say how it is."""
BUSY = "Cơ quan này đang có quá nhiều yêu cầu; không văn bản nào bị đổi. Hãy thử lại sau ít phút.\n"
T = TypeVar("T")


class Front:
    """The WSGI application of all offices."""

    def __init__(self, offices: Sequence[Office], common: Settings) -> None:
        rooms = [_Room(one, tuple(offices)) for one in offices]
        _need_free(rooms)
        self._hosts = {one.office.host: one for one in rooms if one.office.host}
        paths: dict[str, WSGIApplication] = {f"/{one.office.slug}": one for one in rooms if not one.office.host}
        self._paths = DispatcherMiddleware(hall(rooms, common), paths)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The answer of the office whose host this is, else of the one whose path this is, else of the hall."""
        host = environ.get("HTTP_HOST", "").rpartition("]")[2].partition(":")[0].lower()
        return self._hosts.get(host, self._paths)(environ, start_response)


class _Room:
    """One office: its application, made when it is first asked for."""

    def __init__(self, office: Office, offices: tuple[Office, ...]) -> None:
        self.office, self._offices = office, offices
        self._turn, self._free = threading.Lock(), threading.BoundedSemaphore(MOST)
        self._line = threading.BoundedSemaphore(LINE)
        self._app: Flask | None = None

    @property
    def app(self) -> Flask:
        with self._turn:
            if self._app is None:
                self._app = create_app(self.office.settings, self.office, self._offices)
            return self._app

    @property
    def state(self) -> State:
        found: State = self.app.extensions["vanthu"]
        return found

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ["PATH_INFO"]:  # cookies are for what lies below the path
            return redirect(f"{environ['SCRIPT_NAME']}/", 308)(environ, start_response)
        if not self._comes_in():
            return Response(BUSY, 503, {"Retry-After": "30"}, "text/plain")(environ, start_response)
        try:
            with logs.about(office=self.office.slug):
                return self.app(environ, start_response)
        finally:
            self._free.release()

    def _comes_in(self) -> bool:
        """Whether its turn has come: at once, or after a wait for which there was room."""
        if self._free.acquire(blocking=False):
            return True
        if not self._line.acquire(blocking=False):
            return False
        try:
            return self._free.acquire(timeout=PATIENCE)
        finally:
            self._line.release()


def _need_free(rooms: Sequence[_Room]) -> None:
    """BadSettings for a slug with which an address of every office begins: nobody could tell the two apart."""
    taken = {str(rule).split("/")[1] for rule in rooms[0].app.url_map.iter_rules()}
    for one in (one.office for one in rooms if not one.office.host):
        if one.slug in taken:
            raise BadSettings(f"Cơ quan {one.slug}: slug này trùng một địa chỉ của chương trình; hãy chọn slug khác.")


def hall(rooms: Sequence[_Room], common: Settings) -> Flask:
    """The application of what belongs to no office."""
    app = Flask("server")
    here = app.extensions["vanthu"] = State(common)
    app.before_request(_nobody)
    if common.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, common.trusted_proxies, common.trusted_proxies, x_host=0)  # type: ignore[method-assign]
    watched.init_app(app, here.tally)
    for part in (rooted, errors, security, speech):
        part.init_app(app)
    pages.speak_templates(app)
    app.jinja_env.globals["hall"] = True
    app.add_url_rule("/", "hall", lambda: _list([one.office for one in rooms]))
    app.add_url_rule("/healthz", "health.alive", health.alive)
    app.add_url_rule("/readyz", "health.ready", lambda: _ready(rooms))
    app.add_url_rule("/metrics", "health.metrics", lambda: _told(rooms, here))
    return app


def _list(offices: Sequence[Office]) -> str:
    """The page to choose on; a host is asked at the port this one was."""
    port = request.host.rpartition("]")[2].partition(":")[2]
    return render_template("pages/offices.html", offices=offices, port=f":{port}" if port else "")


def _nobody() -> None:
    g.user, g.csrf = None, ""


def _ready(rooms: Sequence[_Room]) -> Any:
    """Ready as long as any office is: one that is broken must not take the others from their people."""
    problems = ask_all(rooms, lambda one: health.unready(one.state), [f"Không trả lời trong {PATIENCE:.0f} giây."])
    status = 503 if all(problems.values()) else 200
    return jsonify(status="ok" if status == 200 else "not ready", offices=problems), status


def _told(rooms: Sequence[_Room], common: State) -> Response:
    """The counts of all, each with its office's slug; those of `vanthu up` itself with none."""
    if not health.may_look(common.settings.metrics_token):
        return Response(health.CLOSED, 403, mimetype="text/plain")

    def tell(one: State) -> list[metrics.Family]:
        return metrics.everything(one.settings, one.readers, one.blobs, one.tally)

    told: dict[str, list[metrics.Family]] = ask_all(rooms, lambda one: tell(one.state), [])
    told[""] = list(metrics.of_machine(common.tally))
    return Response(metrics.text(metrics.of_offices(told)), content_type=health.PROMETHEUS)


def ask_all(rooms: Sequence[_Room], ask: Callable[[_Room], T], silent: T) -> dict[str, T]:
    """By slug what each office answers; `silent` for those that did not within PATIENCE."""
    found = {one.office.slug: silent for one in rooms}

    def answer(one: _Room) -> None:
        said = ask(one)
        found[one.office.slug] = said

    threads = [threading.Thread(target=answer, args=(one,), daemon=True) for one in rooms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return dict(found)
