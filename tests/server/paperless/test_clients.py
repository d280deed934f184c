"""pypaperless and easypaperless, as they are sold, against the running archive: one paper's whole way."""

import asyncio
import gc
import time

import pytest
import sqlalchemy as sa
from easypaperless import (
    BadRequestError,
    NotFoundError,
    PaperlessClient,
    PermissionDeniedError,
    TaskStatus,
    UploadError,
)
from pypaperless import Paperless
from pypaperless.models.common import TaskStatusType

from archive import people
from archive.models import Confirmation, Document, Event, Scan, Token
from tests.papers import drawn
from tests.server.desk import Desk
from tests.server.serving import working

PATIENCE = 300
SUBJECT = "Tựa do người gửi ghi"


@pytest.fixture
def worker(settings, office_engine):
    """A worker beside the web."""
    with working(settings):
        yield


@pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")  # of pypaperless, which leaves answers unread
def test_both_clients_send_follow_find_read_and_correct_a_paper(makers, address, worker):
    with makers.begin() as session:
        people.add_user(session, "van", "clerk", None, Desk.PASSWORD, full_name="Nguyễn Vân")
    content = drawn("cong_van_ubnd").png
    paper = asyncio.run(with_pypaperless(makers, address, content))
    gc.collect()  # what it left open is said of it, not of the next test
    asyncio.run(with_easypaperless(makers, address, content, paper))
    with makers() as session:
        [token] = session.scalars(sa.select(Token))
        assert (token.name.startswith("ứng dụng Python"), token.scopes) == (True, ["read", "write"])
        assert session.scalar(sa.select(sa.func.count()).select_from(Scan)) == 1


async def with_pypaperless(makers, address, content):
    token = await Paperless.generate_api_token(address, "van", Desk.PASSWORD)
    async with Paperless(address, token) as paperless:
        assert (paperless.host_version, len(paperless.remote_resources) > 10) == ("2.20.0", True)
        draft = paperless.documents.draft(
            document=content, filename="Công văn.png", title=SUBJECT, created="2020-01-05"
        )
        task = await followed(paperless, await draft.save())
        assert task.status is TaskStatusType.SUCCESS
        document = await paperless.documents(task.related_document)
        await looks_right(paperless, document, content)
        found = await searched(paperless, "ho so tai lieu luu tru")
        assert (found.id, 'class="match"' in found.search_hit.highlights) == (document.id, True)
        async with paperless.documents.reduce(correspondent__id=document.correspondent, tags__id__in=document.tags):
            assert await paperless.documents.all() == [document.id]
        async with paperless.documents.reduce(created__date__gt="2099-01-01"):
            assert [one async for one in paperless.documents] == []
        assert await paperless.request_json("get", "/api/search/autocomplete/", params={"term": "luu"}) == ["lưu"]
        assert await paperless.documents.get_next_asn() == 1
        document.title = "về việc đã sửa trên điện thoại"
        assert await document.update()
        assert (document.title, await document.delete()) == ("về việc đã sửa trên điện thoại", False)
    with makers() as session:
        row = session.scalars(sa.select(Document)).one()
        said = session.get(Confirmation, (row.id, "subject"))
        assert (row.subject, said.by, said.outcome) == ("về việc đã sửa trên điện thoại", "van", "corrected")
        assert session.scalar(sa.select(Event.actor).where(Event.action == "corrected")) == "van"
    return document.id


async def followed(paperless, task):
    """The task once it is over."""
    end = time.monotonic() + PATIENCE
    while True:
        found = await paperless.tasks(task)
        if found.status not in (TaskStatusType.PENDING, TaskStatusType.STARTED):
            return found
        assert time.monotonic() < end, found.status
        await asyncio.sleep(0.3)


async def searched(paperless, words):
    """The one paper with these words, once the worker has told the index of it."""
    end = time.monotonic() + PATIENCE
    while True:
        found = [one async for one in paperless.documents.search(words)]
        if found:
            return found[0]
        assert time.monotonic() < end
        await asyncio.sleep(0.3)


async def looks_right(paperless, document, content):
    """What was read is where a phone shows it, what the sender wrote is only suggested, and the files are there."""
    truth = drawn("cong_van_ubnd").document["fields"]
    assert document.created.date().isoformat() == truth["date"]
    assert "lưu trữ" in document.content and document.title != SUBJECT
    assert (await paperless.correspondents(document.correspondent)).name == truth["issuing_organ"]
    assert (await paperless.document_types(document.document_type)).name == truth["document_type"]
    assert {(await paperless.tags(tag)).name for tag in document.tags} == {"Chờ kiểm tra"}
    names = {field.id: field.name async for field in paperless.custom_fields}
    assert {names[one.field]: one.value for one in document.custom_fields}["Ký hiệu"] == truth["symbol"]
    raw = await paperless.request_json("get", f"/api/documents/{document.id}/suggestions/")
    assert (raw["titles"][0], raw["dates"][0]) == (SUBJECT, "2020-01-05")
    assert [day.isoformat() for day in (await document.get_suggestions()).dates][:1] == ["2020-01-05"]
    assert (await document.get_metadata()).original_size == len(content)
    assert (await document.get_thumbnail()).content[8:12] == b"WEBP"
    preview = await document.get_preview()
    assert (preview.content[:5], preview.disposition_type) == (b"%PDF-", "inline")
    assert (await document.get_download()).content == preview.content
    assert (await document.get_download(original=True)).content == content
    assert await document.notes() == []


async def with_easypaperless(makers, address, content, paper):
    with makers.begin() as session:
        user = session.scalars(sa.select(Token)).one().user
        key = people.new_token(session, user, "easy", ["read", "write"])
    async with PaperlessClient(address, key, poll_interval=0.2) as client:
        assert await client.server_version() == "2.20.0"
        settings = await client.ui_settings()
        assert settings.missing_permissions({"add_document", "change_document"}) == set()
        document = await client.documents.get(paper, include_metadata=True)
        assert (document.id, document.metadata.original_mime_type) == (paper, "image/png")
        listed = await client.documents.list(search="điện thoại", search_mode="title", any_tags=["Chờ kiểm tra"])
        assert (listed.count, listed.all, listed.results[0].title) == (1, [paper], document.title)
        assert (await client.documents.list(correspondent=None)).count == 0
        assert (await client.documents.list(created_after="2001-01-01", added_until="2001-01-01")).count == 0
        urgent = await client.documents.update(paper, tags=[*document.tags, "Hỏa tốc"], created="2024-02-29")
        assert (len(urgent.tags), urgent.created.isoformat()) == (2, "2024-02-29")
        with pytest.raises(UploadError) as told:
            await client.documents.upload(content, filename="lại.png", wait=True)
        assert "It is a duplicate of" in told.value.task.result
        assert told.value.task.related_document == str(paper)
        assert {task.status for task in (await client.tasks.list()).results} == {TaskStatus.SUCCESS, TaskStatus.FAILURE}
        assert await client.tasks.acknowledge([told.value.task.id]) == 1
        assert "corrected" in {name for one in (await client.documents.history(paper)).results for name in one.changes}
        for refused in (
            client.documents.delete(paper), client.tags.create(name="của tôi"),
            client.documents.notes.create(paper, note="x"), client.documents.bulk_delete([paper]),
        ):  # fmt: skip
            with pytest.raises(PermissionDeniedError, match="Chưa có gì thay đổi"):
                await refused
        with pytest.raises(BadRequestError, match="Số đến do sổ đăng ký cấp"):
            await client.documents.update(paper, archive_serial_number=7)
        with pytest.raises(NotFoundError):
            await client.documents.get(123456789)
    with makers.begin() as session:
        session.execute(sa.delete(Token).where(Token.name == "easy"))
