"""The interface for programs, version 1: one module a noun, described at /api/v1/openapi.json."""

from __future__ import annotations

from flask import Flask

PREFIX = "/api/v1"


def init_app(app: Flask) -> None:
    """Register every noun, the description, and the questions of those who watch the machine."""
    from server.api import description, documents, health, register, scans, search

    for noun in (scans, documents, search, register):
        app.register_blueprint(noun.api, url_prefix=PREFIX)
    app.register_blueprint(description.api, url_prefix=PREFIX)
    app.register_blueprint(health.watch)
