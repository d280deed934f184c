"""An object store that speaks S3, through obstore (an optional extra): the one module that talks to it.

Address `s3://bucket/folder`; where the server is and the keys come from the AWS_… variables that every S3 program
reads (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION). Each put carries its SHA-256, so a
server refuses what was altered on the way.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from archive.errors import ArchiveError, BadValue, CopyFailed

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import S3Store

CHUNK = 1 << 20
ANSWER, UPLOAD = 10, 60
"""Seconds without a byte from the server after which a request is given up: one that asks, and one that sends much.
The time in which bytes are sent counts as well, so that 8 MB need a line of 1.1 Mbit/s."""
LITTLE = 1 << 16
"""Bytes which are sent in no time."""
UPLOADS = 4
"""Parts of 5 MB of a large object that are on their way at once."""
_NO_BUCKET, _NO_BUCKET_SAID = "NoSuchBucket", "không có bucket ấy"
_MISSING = (
    "Để dùng s3:// hãy cài thêm phần tùy chọn: pip install --no-deps --require-hashes -r requirements-s3.lock; "
    "chưa có gì bị đổi."
)


@dataclass(frozen=True, slots=True)
class Head:
    """What a store says of an object: its bytes, and when it was written, in seconds of the epoch."""

    size: int
    born: float


def _failed(url: str, why: str) -> ArchiveError:
    return CopyFailed(
        f"Kho đối tượng {url} {why}, nên việc chưa xong. Các bản sao lưu trước vẫn dùng được, kho đang chạy không bị "
        "ảnh hưởng. Hãy xem lại rồi chạy lại lệnh; phần đã chép không phải chép lại."
    )


class ObjectStore:
    """The objects below one address; names are relative to it.

    `failed` makes the error of a server that fails or refuses out of address and reason: CopyFailed, where nothing is
    said. `patience`: seconds in which a request is made again.
    """

    def __init__(
        self, url: str, *, failed: Callable[[str, str], ArchiveError] = _failed, patience: float = 60.0
    ) -> None:
        self.url = url.rstrip("/")
        self._failed = failed
        self._store = _opened(self.url, patience, ANSWER)
        self._sending = _opened(self.url, patience, UPLOAD)

    def sizes(self, folder: str = "") -> dict[str, int]:
        """Every object of a folder, or of all: name → bytes."""
        import obstore

        with self._said():
            pages = obstore.list(self._store, prefix=folder or None)
            return {str(one["path"]): int(one["size"]) for page in pages for one in page}

    def read(self, name: str, most: int) -> bytes | None:
        """A small object; None when it is not there. BadValue when it has more than `most` bytes."""
        import obstore

        with self._said(), contextlib.suppress(FileNotFoundError):
            found = obstore.get(self._store, name)
            if int(found.meta["size"]) > most:
                raise BadValue(f"Đối tượng {name} trong {self.url} lớn bất thường.")
            return bytes(found.bytes())
        return None

    def fetch(self, name: str, path: Path) -> bool:
        """Write an object into a new file; False when it is not there."""
        import obstore

        with self._said(), contextlib.suppress(FileNotFoundError):
            found = obstore.get(self._store, name)
            with path.open("xb") as stream:
                for piece in found.stream(min_chunk_size=CHUNK):
                    stream.write(piece)
            return True
        return False

    def put(self, name: str, content: bytes | Path | Iterable[bytes]) -> None:
        """Write or replace an object, whole or not at all; an exception of the iterable leaves nothing."""
        import obstore

        with self._said():
            obstore.put(self._for(content), name, content, max_concurrency=UPLOADS)

    def create(self, name: str, content: bytes | Path) -> bool:
        """Write an object that is not there; False when it is. In one request: its bytes lie in memory meanwhile."""
        import obstore
        from obstore.exceptions import AlreadyExistsError

        with self._said(), contextlib.suppress(AlreadyExistsError):
            obstore.put(self._for(content), name, content, mode="create", use_multipart=False)
            return True
        return False

    def _for(self, content: object) -> S3Store:
        return self._store if isinstance(content, bytes) and len(content) <= LITTLE else self._sending

    def head(self, name: str) -> Head | None:
        """What is known of an object; None when it is not there."""
        import obstore

        with self._said(), contextlib.suppress(FileNotFoundError):
            found = obstore.head(self._store, name)
            return Head(int(found["size"]), found["last_modified"].timestamp())
        return None

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of an object as they come; FileNotFoundError, at once, when it is not there."""
        import obstore

        with self._said():
            found = obstore.get(self._store, name)
        return self._streamed(found)

    def _streamed(self, found: GetResult) -> Iterator[bytes]:
        with self._said():
            for piece in found.stream(min_chunk_size=CHUNK):
                yield bytes(piece)

    def names(self, folder: str) -> Iterator[str]:
        """The objects of a folder, in order, a page at a time."""
        import obstore

        with self._said():
            for page in obstore.list(self._store, prefix=folder):
                yield from sorted(str(one["path"]) for one in page)

    def rename(self, name: str, other: str) -> None:
        """Give an object another name."""
        import obstore

        with self._said():
            obstore.rename(self._sending, name, other)  # the server copies

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects; those that are not there are no matter."""
        import obstore

        with self._said():
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    obstore.delete(self._store, name)

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError

        try:
            yield
        except AlreadyExistsError:
            raise
        except FileNotFoundError as error:
            if _NO_BUCKET in str(error):
                raise self._failed(self.url, _NO_BUCKET_SAID) from error
            raise
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise self._failed(self.url, "không cho phép (xem lại AWS_ACCESS_KEY_ID và quyền của khóa)") from error
        except BaseError as error:  # its text may hold addresses and keys' names: not for people
            why = _NO_BUCKET_SAID if _NO_BUCKET in str(error) else "không trả lời hoặc báo lỗi"
            raise self._failed(self.url, why) from error


def _opened(url: str, patience: float, silence: float) -> S3Store:
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.hostname or parts.username or parts.query:
        raise BadValue(f"Địa chỉ kho đối tượng phải có dạng s3://bucket/thu-muc, không phải {url[:80]!r}.")
    try:
        from obstore.store import S3Store
    except ImportError as error:
        raise BadValue(_MISSING) from error
    if not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= os.environ.keys():  # else clouds' own addresses are asked
        raise BadValue(
            "Thiếu khóa của kho đối tượng: hãy đặt AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY (và AWS_ENDPOINT_URL)."
        )
    plain = os.environ.get("AWS_ENDPOINT_URL", os.environ.get("AWS_ENDPOINT", "")).startswith("http://")
    return S3Store(
        parts.netloc, prefix=parts.path.strip("/") or None, checksum_algorithm="SHA256",
        client_options={
            "allow_http": plain, "connect_timeout": f"{ANSWER}s", "read_timeout": f"{silence}s", "timeout": "600s"
        },
        retry_config={"max_retries": 4, "retry_timeout": dt.timedelta(seconds=patience)},
    )  # fmt: skip
