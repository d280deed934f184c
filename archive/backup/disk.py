"""Writing to the disk of a backup so that a power cut leaves whole files, and saying why it cannot be done."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from archive.blobs.spool import CHUNK
from archive.durable import half_of
from archive.errors import CopyFailed, DiskFull

_WHY = {
    errno.ENOSPC: "hết chỗ",
    errno.EDQUOT: "hết hạn mức",
    errno.EROFS: "chỉ cho đọc",
    errno.EACCES: "không cho phép ghi",
    errno.EPERM: "không cho phép ghi",
    errno.EIO: "hỏng hoặc đã bị rút ra",
    errno.ENOENT: "không còn ở đó",
    errno.ESTALE: "mất kết nối",
    errno.ENODEV: "đã bị rút ra",
    errno.ENOTCONN: "mất kết nối",
    errno.EHOSTDOWN: "mất kết nối",
}


@contextlib.contextmanager
def on_disk(root: Path | str) -> Iterator[None]:
    """CopyFailed in place of what the system says of the disk at `root`."""
    try:
        yield
    except OSError as error:
        raise failed(root, _WHY.get(error.errno or 0, error.strerror or type(error).__name__)) from error
    except DiskFull as error:  # what a sender at the door would be told
        raise failed(root, _WHY[errno.ENOSPC]) from error
    except sqlite3.Error as error:
        raise failed(root, _said(error)) from error
    except sa.exc.DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise failed(root, _said(error.orig)) from error
        raise CopyFailed("Cơ sở dữ liệu không trả lời, nên chưa sao lưu xong. Hãy xem lại: vanthu check") from error


def failed(root: Path | str, why: str) -> CopyFailed:
    """The sentence for whoever looks after the machine."""
    return CopyFailed(
        f"Ổ đĩa ở {root} {why}, nên việc sao lưu hoặc phục hồi chưa xong. Các bản sao lưu trước vẫn dùng được, kho "
        "đang chạy không bị ảnh hưởng. Hãy xem lại ổ đĩa rồi chạy lại lệnh; phần đã chép không phải chép lại."
    )


def _said(error: sqlite3.Error) -> str:
    full = "full" in str(error).lower()
    return "hết chỗ" if full else f"không ghi được cơ sở dữ liệu ({type(error).__name__})"


def copy(source: BinaryIO, path: Path, sha256: str) -> bool:
    """Copy bytes to `path`, durable but for its folder; False, and no file, when they cannot be read whole or their
    hash is another."""
    digest = hashlib.sha256()
    with half_of(path) as half:
        with half.open("wb") as stream:
            while piece := _piece(source):
                digest.update(piece)
                stream.write(piece)
            stream.flush()
            os.fsync(stream.fileno())
        if digest.hexdigest() != sha256:
            return False
        half.chmod(0o440)
        half.replace(path)
    return True


def _piece(source: BinaryIO) -> bytes:
    """The next bytes; none where the source cannot be read: it is the other disk that fails then."""
    try:
        return source.read(CHUNK)
    except OSError:
        return b""
