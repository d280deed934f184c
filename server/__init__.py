"""The web: pages for people and an interface for programs. The only part of the house that knows Flask."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from archive.config import Settings
from archive.offices import Office

MEGABYTE = 1 << 20


class Number(IntegerConverter):
    """`<int:…>` of an address: no longer than what every database keeps; what is longer is not there (404)."""

    regex = r"\d{1,9}"


def create_app(settings: Settings, office: Office | None = None, offices: tuple[Office, ...] = ()) -> Flask:
    """The application on these settings; nothing is opened before the first request.

    `office`, `offices`: which one of several it is for.
    """
    from server import api, auth, errors, lapsed, pages, paperless, restricted, rooted, security, speech, watched
    from server.state import State

    app = Flask("server")
    app.url_map.converters["int"] = Number
    app.config["MAX_CONTENT_LENGTH"] = (settings.max_upload_mb + 1) * MEGABYTE
    app.config["MAX_FORM_MEMORY_SIZE"] = 2 * MEGABYTE
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 86400
    app.extensions["vanthu"] = State(settings, office, offices)
    if settings.trusted_proxies:
        number = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=number, x_proto=number, x_host=0)  # type: ignore[method-assign]
    watched.init_app(app, app.extensions["vanthu"].tally)  # first: who is turned away is known by the route, too
    for part in (rooted, errors, lapsed, auth, security, speech, restricted, pages, api, paperless):
        part.init_app(app)
    return app
