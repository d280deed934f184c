"""Every error of the archive: named by what happened to the paper, one line each.

`str(error)` is the Vietnamese sentence a clerk reads: what happened, that the paper is safe, what to do.
"""


class ArchiveError(Exception):
    """The root of the tree; a border turns it into a page, a problem+json or an exit status."""


class Refused(ArchiveError):
    """The archive does not take these bytes; nothing was kept, the sender still has them."""


class EmptyFile(Refused): ...


class UnknownFormat(Refused): ...


class BadMessage(Refused):
    """An edXML message or a ZIP that is broken, hostile, locked, or brings nothing that is taken."""


class NoOffice(Refused):
    """A Word or Excel file, and no LibreOffice on this machine that could make pages of it."""


class ScanTooLarge(Refused): ...


class DiskFull(Refused): ...


class NotTaken(Refused):
    """The disk, the database or the store of originals failed at the door; the sender tries again later."""


class Unreadable(ArchiveError):
    """The bytes are kept, but a page of them cannot be read; trying again will not help."""


class Encrypted(Unreadable): ...


class NotConverted(Unreadable):
    """A file of an office program could not be made into pages."""


class TooManyPages(Unreadable): ...


class PageTooLarge(Unreadable): ...


class NotLooked(Unreadable):
    """Nobody knows whether a page bears a mark of secrecy: nothing of its file is read until that is known."""


class TookTooLong(Unreadable): ...


class TooMuchWork(TookTooLong):
    """It used up its processor time: the file is to blame, not a busy machine."""


class Spared(Unreadable):
    """The page was not tried: others of the same file had brought the reader down, or used all their time up."""


class Transient(ArchiveError):
    """Something around the paper failed (disk, database, memory); the same step may succeed later."""


class StoreAway(Transient):
    """The server that keeps the originals does not answer; nobody is to blame, and the same step is right later."""


class Crashed(Transient):
    """The child that ran a step died of a signal or used up its limits."""


class Aborted(Crashed):
    """The decoder gave up or fell over (abort, segmentation fault): mostly the file's doing."""


class IndexBroken(Transient):
    """The search index is missing or cannot be read; it is only a projection and is built again."""


class NotFound(ArchiveError): ...


class Forbidden(ArchiveError): ...


class Conflict(ArchiveError):
    """Somebody changed the document after it was read; both values are shown, none is lost."""


class Stale(Conflict):
    """The change was meant for an earlier version of the document; it was not made."""


class Unseen(Conflict):
    """The change names no version and would overwrite what another person wrote; it was not made."""


class NumberTaken(Conflict): ...


class OutOfOrder(Conflict): ...


class DayClosed(Conflict):
    """The day was closed in the book: nothing of it is added or changed until it is opened again."""


class BookNotBegun(Conflict):
    """An empty book is given a number far on: a person says whether it begins there or awaits those before."""


class NumbersUnknown(Conflict):
    """The archive was restored: a person says first which number of the book was last given on paper."""


class NotEmpty(Conflict):
    """There is something where an archive, a backup or an export was to be made; it was left alone."""


class CopyFailed(Transient):
    """A backup could not be written or read to its end: the disk is full, away or failing. Earlier ones stay valid."""


class CopyBroken(ArchiveError):
    """A backup or an export is not what its own list says; nothing of it was taken."""


class BadValue(ArchiveError):
    """A value somebody typed cannot be what the field means."""


class PluginRefused(ArchiveError): ...


class BadSettings(ArchiveError): ...


class NotItsOwn(BadSettings):
    """The database of one of several offices bears the name of another."""


class BadQuery(ArchiveError): ...
