"""The tables: what an archive of incoming papers knows. See docs/glossary.md for the Vietnamese names."""

from archive.models.base import Base, BigId, Key, Moment, new_id, now
from archive.models.books import Book, BookImport, BookYear, ClosedDay, RegisterEntry
from archive.models.client_ids import ClientId, ClientUpload
from archive.models.delegation import Delegation
from archive.models.door import FailedPlace, Identity, KnownPlace, SecondFactor, SignInStep
from archive.models.files import FilePaper, Handover, WorkFile
from archive.models.handling import Digest, Holiday, RouteRow, Unit
from archive.models.keeping import ImportedEvent, Restore
from archive.models.origins import Message, Origin
from archive.models.papers import DOCUMENT_FOR_UPDATE, AgencyCode, CitationRow, Confirmation, Document, FindingRow
from archive.models.people import LoginSession, SetupLink, Token, User
from archive.models.post import Delivery, Sending
from archive.models.reviewing import Cut, Presence
from archive.models.scanning import NetworkScanner
from archive.models.scans import WITHHELD, MarkRow, PageRow, Scan, StampLayout, StampRow, Words
from archive.models.searches import Abbreviation, SavedSearch
from archive.models.work import Change, Event, EventHead, Inspection, Outbox, PluginState, Task

__all__ = [
    "DOCUMENT_FOR_UPDATE",
    "WITHHELD",
    "Abbreviation",
    "AgencyCode",
    "Base",
    "BigId",
    "Book",
    "BookImport",
    "BookYear",
    "Change",
    "CitationRow",
    "ClientId",
    "ClientUpload",
    "ClosedDay",
    "Confirmation",
    "Cut",
    "Delegation",
    "Delivery",
    "Digest",
    "Document",
    "Event",
    "EventHead",
    "FailedPlace",
    "FilePaper",
    "FindingRow",
    "Handover",
    "Holiday",
    "Identity",
    "ImportedEvent",
    "Inspection",
    "Key",
    "KnownPlace",
    "LoginSession",
    "MarkRow",
    "Message",
    "Moment",
    "NetworkScanner",
    "Origin",
    "Outbox",
    "PageRow",
    "PluginState",
    "Presence",
    "RegisterEntry",
    "Restore",
    "RouteRow",
    "SavedSearch",
    "Scan",
    "SecondFactor",
    "Sending",
    "SetupLink",
    "SignInStep",
    "StampLayout",
    "StampRow",
    "Task",
    "Token",
    "Unit",
    "User",
    "Words",
    "WorkFile",
    "new_id",
    "now",
]
