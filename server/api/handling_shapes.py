"""The shapes of handling: what is decided, each step, the desk of a unit, the table of holidays."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from archive.inbox import LANES
from server.api.shapes import In, Line, RouteRead, _no_nul

Long = Annotated[str, Field(max_length=2000), AfterValidator(_no_nul)]


class PartAsked(In):
    unit: Annotated[Line, Field(min_length=1, max_length=200)]
    role: Line = Field("lead", description="lead | support | inform")
    due: dt.date | None = None
    instruction: Long = ""
    person: Annotated[Line, Field(max_length=80)] | None = Field(None, description="sign-in name of somebody there")


class Distributing(In):
    parts: list[PartAsked] = Field(max_length=200, description="exactly one leads; units left out lose it")


class Moving(In):
    reason: Annotated[Line, Field(max_length=500)] = ""
    due: dt.date | None = None
    unit: Annotated[Line, Field(max_length=200)] = Field("", description="forward: to whom")
    person: Annotated[Line, Field(max_length=80)] | None = Field(None, description="assign: sign-in name")
    note: Long = Field("", description="the head's opinion with assign, else what is proposed or was done")
    reply: Annotated[Line, Field(max_length=80)] = Field("", description="finish: code of the paper that answers")
    receiver: Annotated[Line, Field(max_length=80)] = Field("", description="who signed for it, where văn thư notes it")


class DeskAsked(In):
    show: Line = Field("open", description=" | ".join(LANES))
    unit: Annotated[Line, Field(max_length=40)] | None = Field(None, description="slug; for văn thư only")


class DeskItem(BaseModel):
    document_id: str
    full_code: str | None
    issuing_organ: str | None
    subject: str | None
    urgency: str | None
    left: int | None = Field(description="working days until the deadline; below 0 late")
    route: RouteRead


class Desk(BaseModel):
    show: str
    unit: str | None
    counts: dict[str, int]
    items: list[DeskItem]


class Routes(BaseModel):
    routes: list[RouteRead]


class YearAsked(In):
    year: int = Field(ge=2000, le=2100)


class DayPut(In):
    name: Annotated[Line, Field(max_length=120)]
    works: bool = Field(False, description="a day of the weekend on which all work")


class Day(BaseModel):
    day: str
    name: str
    works: bool


class Days(BaseModel):
    year: int
    days: list[Day]
