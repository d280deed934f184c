"""Network scanners that the server may talk to."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from archive.models.base import Base, BigId, now


class NetworkScanner(Base):
    """An address an administrator allowed; the events `scanner_allowed` and `scanner_forbidden` tell its story."""

    __tablename__ = "network_scanner"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    url: Mapped[str] = mapped_column(sa.String(200), unique=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    allowed_by: Mapped[str] = mapped_column(sa.String(80))
    allowed_at: Mapped[dt.datetime] = mapped_column(default=now)
