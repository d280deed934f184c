"""The shapes of what is asked of the archive beside the search itself."""

from __future__ import annotations

from pydantic import BaseModel, Field

from server.api.shapes import Hit


class Alike(BaseModel):
    hits: list[Hit]


class Neighbour(BaseModel):
    """A paper that cites, or is cited."""

    document_id: str | None = Field(description="null: not archived, or not for your eyes; nobody is told which")
    code: str | None
    type: str | None
    date: str | None
    issuer: str | None
    subject: str | None
    relation: str | None = Field(description="basis | attached | reply | replaced: what the citing paper says")


class Around(BaseModel):
    cites: list[Neighbour] = Field(description="in the order of the text")
    cited_by: list[Neighbour] = Field(description="latest first, the first fifty")
    citing: int = Field(description="how many cite it")


class Kept(BaseModel):
    id: str
    name: str
    search: str = Field(description="what stands behind /search?")
    found: int
    news: int = Field(description="how many were not found when its owner last looked")
    seen_at: str


class KeptSearches(BaseModel):
    searches: list[Kept]
