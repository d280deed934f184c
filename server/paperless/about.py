"""/api/, /api/statistics/, /api/status/ and what else clients ask before they begin."""

from __future__ import annotations

import shutil
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, jsonify, request
from sqlalchemy.orm import Session

from archive import register
from archive.models import Document, Scan, now
from archive.register_books import DEFAULT
from archive.workdays import today
from server.auth import require
from server.paperless import LIKE, labels, mapping, told
from server.paperless.numbers import TAG, Numbers
from server.state import state

api = Blueprint("paperless_about", __name__)
NOUNS = (
    "config", "correspondents", "custom_fields", "document_types", "documents", "groups", "profile", "saved_views",
    "share_links", "status", "storage_paths", "tags", "tasks", "trash", "ui_settings", "users",
)  # fmt: skip


@api.get("/")
@require("read")
def root() -> Any:
    """What there is."""
    return jsonify({noun: f"{request.base_url}{noun}/" for noun in NOUNS})


@api.get("/remote_version/")
@require("read")
def remote_version() -> Any:
    """Nothing newer: who renews this archive is its administrator."""
    return jsonify(version=f"v{LIKE}", update_available=False)


@api.get("/config/")
@require("read")
def configs() -> Any:
    """A list of one."""
    return jsonify([_config()])


@api.get("/config/1/")
@require("read")
def config() -> Any:
    """What of the reading is told: how it reads is set elsewhere."""
    return jsonify(_config())


def _config() -> dict[str, Any]:
    return {
        "id": 1, "output_type": "pdfa-2", "pages": None, "language": "vie", "mode": None, "skip_archive_file": None,
        "image_dpi": None, "unpaper_clean": None, "deskew": None, "rotate_pages": None,
        "rotate_pages_threshold": None, "max_image_pixels": None, "color_conversion_strategy": None,
        "user_args": None, "app_title": state().settings.office, "app_logo": None, "barcode_asn_prefix": None,
    }  # fmt: skip


@api.get("/statistics/")
@require("read")
def statistics() -> Any:
    """How many of what may be seen."""
    with state().readers() as session:
        counts = {f"{word.removesuffix('s')}_count": labels.count(session, word) for word in
                  ("tags", "correspondents", "document_types", "storage_paths")}  # fmt: skip
        total, inbox = _count(session), _count(session, mapping.tagged(mapping.INBOX, today(now())))
        kinds = session.execute(
            sa.select(Scan.media_type, sa.func.count()).join(Document, Document.scan_id == Scan.id)
            .where(told.there()).group_by(Scan.media_type)
        ).all()  # fmt: skip
        asn = register.expected(session, DEFAULT, today(now()).year) - 1
    tag = Numbers([(TAG, mapping.INBOX)]).of(TAG, mapping.INBOX)
    return jsonify(
        documents_total=total, documents_inbox=inbox, inbox_tag=tag, inbox_tags=[tag], character_count=0,
        document_file_type_counts=[{"mime_type": kind, "mime_type_count": count} for kind, count in kinds],
        current_asn=asn, **counts,
    )  # fmt: skip


def _count(session: Session, *more: sa.ColumnElement[bool]) -> int:
    wanted = sa.select(sa.func.count()).select_from(Document).join(Scan, Scan.id == Document.scan_id)
    return session.scalar(wanted.where(told.there(), *more)) or 0


@api.get("/status/")
@require("inspect")
def status() -> Any:
    """For who looks after the machine; the whole look is `vanthu check --deep` and the page /ledger."""
    here = state()
    disk = shutil.disk_usage(here.settings.data)
    index = "OK" if here.search.healthy() else "ERROR"
    return jsonify(
        pngx_version=LIKE, server_os="", install_type="bare-metal",
        storage={"total": disk.total, "available": disk.free},
        database={"type": here.engine.dialect.name, "url": "", "status": "OK", "error": None,
                  "migration_status": {"latest_migration": "", "unapplied_migrations": []}},
        tasks={"redis_url": "", "redis_status": "OK", "redis_error": None, "celery_status": "OK",
               "index_status": index, "index_last_modified": None, "index_error": None, "classifier_status": "OK",
               "classifier_last_trained": None, "classifier_error": None},
    )  # fmt: skip
