"""/healthz, /readyz, /metrics: for those who watch the machine."""

from __future__ import annotations

import hmac
import ipaddress
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify, request

import migrations
from archive import metrics
from archive.config import Settings
from archive.errors import BadSettings
from server.state import State, state

watch = Blueprint("health", __name__)
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
CLOSED = "Số liệu chỉ đọc được từ chính máy chủ này, hoặc với khoá VANTHU_METRICS_TOKEN.\n"


@watch.get("/healthz")
def alive() -> Any:
    """The process answers; nothing else is asked, least of all the database."""
    return jsonify(status="ok")


@watch.get("/readyz")
def ready() -> Any:
    """Can a file be taken now? 503 says what is in the way."""
    checks, fault = unready(state()), state().jobs.fault()
    warnings = {"warnings": [f"{fault}."]} if fault else {}
    return jsonify(status="not ready" if checks else "ok", problems=checks, **warnings), 503 if checks else 200


def unready(here: State) -> list[str]:
    """What is in the way, in Vietnamese; empty when nothing is."""
    return [*_database(here), *_disk(here.settings, here), *_store(here)]


def _database(here: State) -> list[str]:
    try:
        current = migrations.current(here.engine)
    except sa.exc.SQLAlchemyError:
        return ["Không mở được cơ sở dữ liệu."]
    except BadSettings as error:
        return [str(error)]
    return [] if current == migrations.head() else [migrations.differs(current)]


def _disk(settings: Settings, here: State) -> list[str]:
    try:
        free = here.blobs.free()
    except OSError:
        return ["Không ghi được vào thư mục dữ liệu."]
    if free < settings.reserve_mb << 20:
        return [f"Đĩa chỉ còn {free >> 20} MB, dưới mức dự trữ {settings.reserve_mb} MB."]
    return []


def _store(here: State) -> list[str]:
    fault = here.store.fault()
    return [fault] if fault else []


@watch.get("/metrics", endpoint="metrics")
def tell() -> Response:
    """Prometheus text; for whoever has the key of the settings, else for this machine alone."""
    if not may_look(state().settings.metrics_token):
        return Response(CLOSED, 403, mimetype="text/plain")
    here = state()
    told = metrics.everything(here.settings, here.readers, here.blobs, here.tally)
    return Response(metrics.text(told), content_type=PROMETHEUS)


def may_look(token: str) -> bool:
    """Whether the one who asks may read the counts."""
    if token:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
