"""A paper with what is known of it as an edXML message, written as a stream; and messages that tell how far it is."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from xml.sax.saxutils import escape

from archive.edxml import NAMESPACE
from archive.edxml.told import Named, Organ, Told
from archive.workdays import HANOI

PIECE = 57 * 1024
"""Bytes that are encoded at one time; a multiple of 57, of which base64 makes one line."""
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD = f'<?xml version="1.0" encoding="UTF-8"?>\n<edXML:edXML xmlns:edXML="{NAMESPACE}">\n<edXML:edXMLEnvelope>\n'


@dataclass(frozen=True, slots=True)
class Attached:
    """The file of a message, and the stream of its bytes."""

    name: str
    media_type: str
    content: BinaryIO


def write(target: BinaryIO, told: Told, attached: Attached, at: dt.datetime) -> None:
    """Write the message of a new paper to `target`."""
    target.write(_HEAD.encode())
    target.write("".join(_header(told, at)).encode())
    name, kind = _text(attached.name), _text(attached.media_type)
    target.write(
        '<edXML:edXMLBody><edXML:edXMLManifest version="1.0"><edXML:Reference><ContentId>cid:1</ContentId>'
        f"<ContentType>{kind}</ContentType><Description/><AttachmentName>{name}</AttachmentName></edXML:Reference>"
        "</edXML:edXMLManifest></edXML:edXMLBody>\n</edXML:edXMLEnvelope>\n<AttachmentEncoded><Attachment>"
        f"<ContentId>cid:1</ContentId><AttachmentName>{name}</AttachmentName><Description/>"
        f"<ContentType>{kind}</ContentType><edXML:ContentTransferEncoded>".encode()
    )
    while piece := attached.content.read(PIECE):
        target.write(base64.encodebytes(piece))
    target.write(b"</edXML:ContentTransferEncoded></Attachment></AttachmentEncoded>\n</edXML:edXML>\n")


def status(about: Named, sender: Organ, code: str, words: str, at: dt.datetime) -> bytes:
    """The message that tells who sent a paper how far it is."""
    body = [
        "<edXML:edXMLHeader><Status><ResponseFor>", _line("OrganId", about.organ), _line("Code", about.code),
        _line("PromulgationDate", about.date.replace("-", "/")), _line("DocumentId", about.id), "</ResponseFor>",
        _organ("From", sender), _line("StatusCode", code), _line("Description", words), _line("Timestamp", moment(at)),
        "<StaffInfo><Department/><Staff/><Email/><Mobile/></StaffInfo></Status></edXML:edXMLHeader>\n",
        "</edXML:edXMLEnvelope>\n</edXML:edXML>\n",
    ]  # fmt: skip
    return (_HEAD + "".join(body)).encode()


def moment(at: dt.datetime) -> str:
    """`2015/09/30 10:20:30` by the clock of Hà Nội."""
    return at.astimezone(HANOI).strftime("%Y/%m/%d %H:%M:%S")


def _header(told: Told, at: dt.datetime) -> Iterator[str]:
    yield "<edXML:edXMLHeader><edXML:MessageHeader>"
    yield _organ("From", told.sender)
    yield from (_organ("To", one) for one in told.receivers)
    yield _line("DocumentId", told.id)
    yield f"<Code>{_line('CodeNumber', told.number)}{_line('CodeNotation', told.symbol)}</Code>"
    day = _line("PromulgationDate", told.date.replace("-", "/"))
    yield f"<PromulgationInfo>{_line('Place', told.place)}{day}</PromulgationInfo>"
    yield f"<DocumentType><Type>2</Type>{_line('TypeName', told.type)}</DocumentType>"
    yield _line("Subject", told.subject) + _line("Content", told.content)
    yield f"<SignerInfo>{_line('Competence', told.competence)}{_line('Position', told.position)}"
    yield f"{_line('FullName', told.signer)}</SignerInfo>{_line('DueDate', told.due.replace('-', '/'))}"
    yield f"<OtherInfo>{_line('Priority', str(told.priority))}{_line('PageAmount', told.pages)}"
    yield f"<Appendixes>{''.join(_line('Appendix', one) for one in told.appendixes)}</Appendixes></OtherInfo>"
    yield f"<SteeringType>1</SteeringType><ToPlaces>{''.join(_line('Place', one) for one in told.places)}</ToPlaces>"
    yield from (_response(one) for one in told.replies_to)
    yield "</edXML:MessageHeader><edXML:TraceHeaderList><TraceHeader>"
    yield f"{_line('OrganId', told.sender.id)}{_line('Timestamp', moment(at))}</TraceHeader>"
    yield f"<Bussiness>{_line('DocumentId', told.id)}<BussinessDocType>0</BussinessDocType></Bussiness>"
    yield "</edXML:TraceHeaderList></edXML:edXMLHeader>\n"


def _response(one: Named) -> str:
    day = _line("PromulgationDate", one.date.replace("-", "/"))
    return (
        f"<ResponseFor>{_line('OrganId', one.organ)}{_line('Code', one.code)}{day}"
        f"{_line('DocumentId', one.id)}</ResponseFor>"
    )


def _organ(name: str, organ: Organ) -> str:
    return f"<{name}>{_line('OrganId', organ.id)}{_line('OrganName', organ.name)}</{name}>"


def _line(name: str, text: str) -> str:
    return f"<{name}>{_text(text)}</{name}>" if text else f"<{name}/>"


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("", text))
