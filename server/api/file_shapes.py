"""The shapes of work files."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, Field

from server.api.shapes import In, Year


class FilesAsked(In):
    year: Year | None = Field(None, description="the year of the list; the current one when left out")


class Filing(In):
    document_id: Annotated[str, Field(pattern="^[0-9a-z]{8,32}$")]


class WorkFileRead(BaseModel):
    id: str
    year: int
    code: str = Field(description="số và ký hiệu hồ sơ: 01.TCCB")
    heading: str
    title: str
    keep_years: int | None = Field(description="thời hạn bảo quản; null: permanently")
    keeper: str
    note: str
    closed_on: dt.date | None
    sheets: int | None
    pages: int | None
    handed_on: dt.date | None
    keep_until: dt.date | None = Field(description="last day it must be kept; null: open, or permanently")
    hand_over_by: dt.date | None
    documents: int = Field(description="how many of its papers the one who asks may see")


class FileList(BaseModel):
    year: int
    files: list[WorkFileRead]


class Filed(BaseModel):
    file: WorkFileRead
    document_ids: list[str] = Field(description="in the order of the file")
