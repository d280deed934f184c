"""One look at the folder: what stands still is claimed, taken in, and moved when that is committed."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import sqlalchemy as sa

from archive import front_door
from archive.blobs import Blobs
from archive.config import Settings
from archive.database import Sessions
from archive.errors import DiskFull, NotTaken, Refused, Transient
from archive.front_door import Taken
from archive.models import WITHHELD, now
from archive.watched import places, stillness, told
from archive.watched.claims import HIDDEN, Claims, clear
from archive.watched.folder import Folder, facts_of, numbered, with_room
from archive.watched.stillness import Found, Patience
from archive.workdays import HANOI

ACTOR = "watch"
"""Who events of the folder are said to be by."""
SOURCE = "folder"
DEEPEST = 6
"""Levels of sub-folders that are looked into."""
LONGEST_PAUSE = 600.0
"""Seconds until a file that could not be read is tried again, at most."""
_NO_PLACE = (
    "done hoặc refused trong thư mục theo dõi không phải là thư mục thật (liên kết hoặc tệp) nên chưa nhận tệp nào; "
    "hãy thay bằng thư mục thật hoặc bỏ đi, kho sẽ tự tạo"
)
_UNMOVED = (
    "có tệp đã xử lý nhưng không chuyển được vào done hay refused, nên vẫn nằm ở chỗ cũ và sẽ được thử lại; "
    "hãy xem quyền ghi, chỗ trống và các liên kết trong hai thư mục ấy"
)
log = logging.getLogger(__name__)


@dataclass
class Looked:
    """What one look came to."""

    taken: int = 0
    refused: int = 0
    waiting: int = 0
    """Files that are there and were not taken yet."""
    is_pressing: bool = False
    """Whether one of them will be whole in a moment; others are put off for long."""
    trouble: str = ""
    """Why files stay where they are: the disk, the database, or no place to move them to."""


class _SourceLost(Transient):
    """The file in the folder cannot be read to its end."""


class _Source:
    """The file as a stream; its own disk's faults are not those of the archive's disk."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, size: int) -> bytes:
        try:
            return os.read(self._descriptor, size)
        except OSError as error:
            raise _SourceLost("Không đọc được tệp trong thư mục theo dõi.") from error

    def tell(self) -> int:
        return os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self._descriptor, offset, whence)


class Door:
    """The folder of the settings; remembers from look to look what stands still. Any number may look at one folder."""

    def __init__(
        self, settings: Settings, sessions: Sessions, blobs: Blobs, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.root = Path(settings.inbox)
        self._settings, self._sessions, self._blobs, self._clock = settings, sessions, blobs, clock
        self._patience, self._claims = Patience(settings.inbox_seconds, clock), Claims(clock)
        self._later: dict[tuple[tuple[str, ...], str], tuple[float, float]] = {}
        """Files that could not be read or moved → when they are tried again, and the pause before that."""
        self._unmoved: set[tuple[tuple[str, ...], str]] = set()
        """Those of them that intake knows, and that found no place in `done` or `refused`."""

    def look(self, stop: Callable[[], bool] = lambda: False) -> Looked:
        """Take what stands still. OSError: the folder itself is away."""
        done = Looked()
        with Folder.open(self.root) as root:
            found, left = _walk(root, self._claims)
            still = [one for one in self._patience.look(found) if self._is_due(one)]
            left = [one for one in left if self._is_due(one)]
            ready = [one for one in still if self._is_whole(root, one)]
            ours = [one for one in found if not stillness.is_left_alone(one.name)]
            done.waiting = len(ours) + len(left)
            if all(root.is_plain(name) for name in (told.DONE, told.REFUSED)):
                done.trouble = self._tried(root, ready, left, done, stop)
            else:
                done.trouble = _NO_PLACE
            self._unmoved &= self._later.keys()
        if not done.trouble:
            done.is_pressing = bool(left) or any((one.parts, one.name) not in self._later for one in ours)
            done.trouble = _UNMOVED if self._unmoved else ""
        if done.trouble:
            log.warning("watch waits cause=%s", done.trouble)
        return done

    def _tried(
        self, root: Folder, ready: Sequence[Found], left: Sequence[_Left], done: Looked, stop: Callable[[], bool]
    ) -> str:
        """Take what can be taken; why that was broken off, by disk or database. Then nothing was moved."""
        try:
            self._take_all(root, ready, left, done, stop)
        except (NotTaken, DiskFull) as error:
            return type(error).__name__
        except sa.exc.SQLAlchemyError as error:
            return type(error.__cause__ or error).__name__
        return ""

    def _take_all(
        self, root: Folder, ready: Sequence[Found], left: Sequence[_Left], done: Looked, stop: Callable[[], bool]
    ) -> None:
        if not ready and not left:
            return
        with self._sessions() as session:
            session.connection(execution_options={"reading": True})
            known = places.load(session)
        wanted: list[Found | _Left] = [*left, *ready]
        for one in wanted:
            if stop():
                return
            try:
                self._take(root, one, known.place(one.parts), done)
            except FileNotFoundError:
                pass  # another process was quicker, or somebody took it back
            except OSError as error:  # somebody holds it, or it cannot be moved
                self._put_off(one.parts, one.name, error)

    def _take(self, root: Folder, one: Found | _Left, place: places.Place, done: Looked) -> None:
        with root.below(one.parts) as folder:
            with self._claims.room(folder) as room:
                name = _claim(folder, room, one)
                self._through(_Work(root, folder, room, name, one.parts, place), done)
            if isinstance(one, _Left):
                clear(folder, one.owner)

    def _is_due(self, one: Found | _Left) -> bool:
        again, _pause = self._later.get((one.parts, one.name), (0.0, 0.0))
        return self._clock() >= again

    def _is_whole(self, root: Folder, one: Found) -> bool:
        """Whether nothing speaks against taking it; what cannot be opened waits."""
        try:
            with root.below(one.parts) as folder, _opened(folder, one.name) as descriptor:
                if stillness.is_being_written(descriptor):
                    return False
                return self._patience.has_waited(one) or stillness.has_its_end(descriptor)
        except FileNotFoundError:
            return False
        except OSError as error:
            self._put_off(one.parts, one.name, error)
            return False

    def _through(self, work: _Work, done: Looked) -> None:
        """One claimed file through intake; whatever happens, it stands somewhere under a name people see."""
        try:
            with _opened(work.room, work.name) as descriptor:
                before = facts_of(descriptor)
                try:
                    received, why = self._receive(work, descriptor), ""
                except (NotTaken, DiskFull):
                    raise
                except Refused as error:
                    received, why = None, str(error)
                if facts_of(descriptor) != before:  # somebody was not finished after all
                    work.back()
                    return
        except (NotTaken, DiskFull):
            work.back()
            raise
        except (OSError, _SourceLost) as error:
            self._put_off(work.parts, work.name, error)
            work.back()
            return
        self._move(work, received, why, done)

    def _receive(self, work: _Work, descriptor: int) -> Taken:
        place = work.place
        return front_door.receive(
            self._sessions, self._blobs, self._settings, cast(BinaryIO, _Source(descriptor)), work.name,
            actor=ACTOR, source=SOURCE, urgent=place.urgent, secret=place.secret, origin=place.origin,
        )  # fmt: skip

    def _move(self, work: _Work, received: Taken | None, why: str, done: Looked) -> None:
        """Away with what intake has decided on; where that fails, back to where people see it and can be told of it."""
        if received and any(one.status in WITHHELD for one in received.received):
            received, why = None, told.WITHHELD
        try:
            work.refuse(why, now()) if received is None else work.archived(received, now())
        except OSError as error:
            if (name := work.back()) is None:
                return  # another took it up, or somebody took it away
            self._put_off(work.parts, name, error)
            self._unmoved.add((work.parts, name))
            return
        self._later.pop((work.parts, work.name), None)
        done.waiting -= 1
        if received is None:
            done.refused += 1
            log.info("watch refused a file")
            return
        done.taken += 1
        log.info("watch took scan=%s new=%s", received.first.scan_id, received.first.new)

    def _put_off(self, parts: tuple[str, ...], name: str, error: Exception) -> None:
        _when, pause = self._later.get((parts, name), (0.0, self._settings.inbox_seconds))
        self._later[parts, name] = (self._clock() + pause, min(LONGEST_PAUSE, pause * 2))
        cause = error.__cause__ or error
        log.warning("watch puts a file off cause=%s errno=%s again_in=%.0f", type(cause).__name__,
                    getattr(cause, "errno", None), pause)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Left:
    """A file that a process which is gone had in work."""

    parts: tuple[str, ...]
    owner: str
    name: str


@dataclass(frozen=True, slots=True)
class _Work:
    """One file that this process has claimed."""

    root: Folder
    folder: Folder
    room: Folder
    name: str
    """In the room."""
    parts: tuple[str, ...]
    place: places.Place

    def back(self) -> str | None:
        """Where it lay, and its name there; None is no fault: another took it up."""
        with contextlib.suppress(FileNotFoundError):
            return self.room.move(self.name, self.folder, self.name)
        return None

    def archived(self, received: Taken, at: dt.datetime) -> None:
        """Away from the folder, for it is committed; never over another."""
        day = f"{at.astimezone(HANOI):%Y-%m-%d}"
        with self.root.below((told.DONE, day, *self.parts), make=True) as done:
            name = self.room.move(self.name, done, told.beside_the_list(self.name))
        with contextlib.suppress(OSError), self.root.below((told.DONE, day)) as list_of_day:
            told.note(list_of_day, "/".join((*self.parts, name)), received, at)

    def refuse(self, why: str, at: dt.datetime) -> None:
        """Aside, with the reason there before the file."""
        with self.root.below((told.REFUSED, *self.parts), make=True) as refused:
            text = told.reason(self.name, why, at)
            for name in numbered(with_room(self.name)):
                with contextlib.suppress(FileExistsError):
                    if not refused.has(name):
                        refused.write_new(f"{name}.txt", text)
                        self._move_beside(refused, name)
                        return

    def _move_beside(self, refused: Folder, name: str) -> None:
        """To the reason that waits for it; where that fails the reason goes, each try would leave one."""
        try:
            self.room.move(self.name, refused, name)
        except OSError:
            refused.forget(f"{name}.txt")
            raise


@contextlib.contextmanager
def _opened(folder: Folder, name: str) -> Iterator[int]:
    descriptor = folder.open_file(name)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _claim(folder: Folder, room: Folder, one: Found | _Left) -> str:
    """The name in our room; OSError: it is another's by now."""
    if isinstance(one, Found):
        return folder.claim(one.name, room)
    with folder.below((HIDDEN, one.owner)) as theirs:
        return one.name if theirs.is_same(room) else theirs.claim(one.name, room)


def _walk(root: Folder, claims: Claims) -> tuple[list[Found], list[_Left]]:
    """Everything that lies in the folder, and what was left in work."""
    found: list[Found] = []
    left: list[_Left] = []

    def enter(folder: Folder, parts: tuple[str, ...]) -> None:
        found.extend(Found(parts, name, facts) for name, facts in folder.files())
        left.extend(_Left(parts, owner, name) for owner, name in claims.left(folder, parts))
        for name in folder.folders():
            if name.startswith(".") or (not parts and name in (told.DONE, told.REFUSED)) or len(parts) >= DEEPEST:
                continue
            with contextlib.suppress(OSError), folder.below((name,)) as inner:
                enter(inner, (*parts, name))

    enter(root, ())
    return found, left
