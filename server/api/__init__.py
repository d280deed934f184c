"""The interface for programs, version 1: one module a noun, described at /api/v1/openapi.json."""

from __future__ import annotations

import logging
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.json.provider import DefaultJSONProvider

from server import errors

log = logging.getLogger("vanthu.web")
PREFIX = "/api/v1"
AWAY = "Cơ sở dữ liệu tạm thời không trả lời; giấy tờ đã nhận vẫn an toàn. Hãy thử lại sau ít phút."


def init_app(app: Flask) -> None:
    """Register every noun, the description, and the questions of those who watch the machine."""
    from server.api import description, documents, edxml, files, handling, health, metadata, register, scans, search
    from server.api import sendings as post

    for noun in (scans, documents, edxml, post, handling, search, register, metadata, files):
        app.register_blueprint(noun.api, url_prefix=PREFIX)
    app.register_blueprint(description.api, url_prefix=PREFIX)
    app.register_blueprint(health.watch)
    app.register_error_handler(sa.exc.OperationalError, _away)
    if isinstance(app.json, DefaultJSONProvider):
        app.json.ensure_ascii = False  # Vietnamese as it is written, not \u1ea3


def _away(error: sa.exc.OperationalError) -> Any:
    log.error("database away cause=%s", type(error.orig).__name__)
    return errors.tell(503, AWAY)
