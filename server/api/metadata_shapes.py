"""The shapes of the official metadata; docs/official-metadata.schema.json tells the fields of the law one by one."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, Field

from server.api.shapes import In, Line, Year

Record = dict[str, Any]


class Form(In):
    format: Literal["json", "csv", "xlsx"] = "json"


class BookAsked(Form):
    book: Line = "den"
    year: Year | None = Field(None, description="the current year when left out")
    from_: dt.date | None = Field(None, alias="from", description="first day of arrival, ISO 8601")
    to: dt.date | None = Field(None, description="last day of arrival, ISO 8601")
    cursor: Line | None = None
    limit: int = Field(50, ge=1, le=200)


class Organ(BaseModel):
    id: str | None
    name: str


class Metadata(BaseModel):
    format: Literal["vanthu-nd30-plvi-1"]
    organ: Organ
    book: str | None
    year: int
    documents: list[Record]
    files: list[Record]


class MetadataPage(Metadata):
    cursor: str | None
