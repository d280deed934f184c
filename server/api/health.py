"""/healthz, /readyz, /metrics: for those who watch the machine."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify
from sqlalchemy.orm import Session

import migrations
from archive import backup, scrub
from archive.config import Settings
from archive.models import Document, Outbox, Scan, Task, now
from server.state import State, state

watch = Blueprint("health", __name__)
_BUCKETS = (1, 5, 15, 60, 300, 900, 3600)
"""Seconds a step may wait, as Prometheus wants them."""


@watch.get("/healthz")
def alive() -> Any:
    """The process answers; nothing else is asked, least of all the database."""
    return jsonify(status="ok")


@watch.get("/readyz")
def ready() -> Any:
    """Can a file be taken now? 503 says what is in the way."""
    checks = unready(state())
    return jsonify(status="not ready" if checks else "ok", problems=checks), 503 if checks else 200


def unready(here: State) -> list[str]:
    """What is in the way, in Vietnamese; empty when nothing is."""
    return [*_database(here), *_disk(here.settings, here)]


def _database(here: State) -> list[str]:
    try:
        current = migrations.current(here.engine)
    except sa.exc.SQLAlchemyError:
        return ["Không mở được cơ sở dữ liệu."]
    if current != migrations.head():
        return [f"Cơ sở dữ liệu ở bản {current or 'trống'}, cần bản {migrations.head()}: hãy chạy vanthu upgrade."]
    return []


def _disk(settings: Settings, here: State) -> list[str]:
    try:
        free = here.blobs.free()
    except OSError:
        return ["Không ghi được vào thư mục dữ liệu."]
    if free < settings.reserve_mb << 20:
        return [f"Đĩa chỉ còn {free >> 20} MB, dưới mức dự trữ {settings.reserve_mb} MB."]
    return []


@watch.get("/metrics")
def metrics() -> Response:
    """Prometheus text, counted from the database when asked: right for all processes together."""
    with state().readers() as session:
        lines = [line for family in [*_families(session), *_kept(session)] for line in family]
    free = [f"vanthu_disk_free_bytes {state().blobs.free()}"]
    body = "\n".join([*lines, *_family("disk_free_bytes", "gauge", "Free bytes where originals lie", free), ""])
    return Response(body, mimetype="text/plain", content_type="text/plain; version=0.0.4; charset=utf-8")


def _families(session: Session) -> list[list[str]]:
    waiting = session.scalar(sa.select(sa.func.count()).select_from(Outbox)) or 0
    oldest = session.scalar(sa.select(sa.func.min(Task.queued)).where(Task.state == "ready"))
    age = max(0.0, time.time() - oldest) if oldest else 0.0
    steps = sa.select(Task.step, Task.state, sa.func.count()).group_by(Task.step, Task.state)
    tasks = [f'vanthu_tasks{{step="{a}",state="{b}"}} {n}' for a, b, n in session.execute(steps)]
    return [
        _family("scans", "gauge", "Scans by status", _by(session, "scans", "status", Scan.status)),
        _family("documents", "gauge", "Documents by status", _by(session, "documents", "status", Document.status)),
        _family("tasks", "gauge", "Tasks by step and state", tasks),
        _family("outbox", "gauge", "Documents waiting for the index", [f"vanthu_outbox {waiting}"]),
        _family("queue_age_seconds", "gauge", "Age of the oldest ready task", [f"vanthu_queue_age_seconds {age:.1f}"]),
        _family("step_seconds", "histogram", "Time steps took that are done", _durations(session)),
    ]


def _kept(session: Session) -> list[list[str]]:
    """Is what is kept looked at, and whole? -1: never."""
    looked, copied = scrub.looked(session), backup.last(session)
    ages = {"scrub": looked.last, "backup": copied.at if copied else None}
    since = [f'vanthu_seconds_since{{what="{what}"}} {_seconds_since(at)}' for what, at in ages.items()]
    damaged = [f"vanthu_originals_damaged {looked.damaged_count}"]
    return [
        _family("originals_damaged", "gauge", "Originals known to be lost or altered", damaged),
        _family("seconds_since", "gauge", "Age of the last look at an original, of the last backup", since),
    ]


def _seconds_since(at: dt.datetime | None) -> int:
    return int((now() - at).total_seconds()) if at else -1


def _family(name: str, kind: str, says: str, samples: list[str]) -> list[str]:
    return [f"# HELP vanthu_{name} {says}", f"# TYPE vanthu_{name} {kind}", *samples]


def _by(session: Session, name: str, label: str, column: Any) -> list[str]:
    counts = session.execute(sa.select(column, sa.func.count()).group_by(column))
    return [f'vanthu_{name}{{{label}="{value}"}} {count}' for value, count in counts]


def _durations(session: Session) -> list[str]:
    took = Task.ended - Task.started
    within = [sa.func.sum(sa.case((took <= bound, 1), else_=0)) for bound in _BUCKETS]
    rows = session.execute(
        sa.select(Task.step, sa.func.count(), sa.func.sum(took), *within)
        .where(Task.state == "done", Task.started.is_not(None), Task.ended.is_not(None))
        .group_by(Task.step)
    )
    lines = []
    for step, count, total, *counts in rows:
        bounds = [*zip(map(str, _BUCKETS), counts, strict=True), ("+Inf", count)]
        lines += [f'vanthu_step_seconds_bucket{{step="{step}",le="{bound}"}} {n}' for bound, n in bounds]
        lines += [
            f'vanthu_step_seconds_sum{{step="{step}"}} {total:.3f}',
            f'vanthu_step_seconds_count{{step="{step}"}} {count}',
        ]
    return lines
