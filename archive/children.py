"""A long-lived child process that runs named functions one at a time and can be killed at any moment.

Every decoder of foreign bytes runs in one: 820 bytes of PDF are enough to take pdfium to 1 GB and an abort, which no
`except` in our own process would survive. The child has limits on memory, processor time and file size, its own
process group (a Tesseract it started dies with it), a private directory, and a lifeline: a pipe whose end tells it
that its parent is gone, by whatever cause. Where bubblewrap is there and permitted, those that decode have no network
either, and a disk on which they can write temporary files only.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import functools
import importlib
import io
import os
import pickle
import re
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Self

from archive import errors, processor_time

GB = 1 << 30
MOST_CALLS = 500
"""A child is replaced after as many calls, lest a decoder's leak grow without end."""
MOST_MEMORY = GB // 2
"""A child that is larger than this after a call is replaced."""
MOST_REPLY = GB // 2
"""A reply larger than this is taken for an attack."""
PREFIX = "vanthu-child-"
_FELL = frozenset({signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGTRAP, signal.SIGFPE})
"""Signals that a program brings on itself; one that is killed from outside gets SIGKILL."""

_LATE = "Việc đọc mất quá nhiều thời gian nên đã dừng lại. Tệp gốc vẫn được lưu an toàn; hãy quét lại hoặc nhập tay."
_DIED = "Việc đọc dừng đột ngột. Tệp gốc vẫn được lưu an toàn; hệ thống sẽ tự thử lại."


class Child:
    """Runs functions in a process of its own; started at the first call, and anew after each death.

    `address_space` and `file_size`, the largest file it may write, are in bytes. `walled`: behind `walls`, where there
    are any. One call runs at a time; calls of several threads wait for one another.
    """

    def __init__(
        self, *, address_space: int = 2 * GB, file_size: int = GB // 2, name: str = "child", walled: bool = False
    ) -> None:
        self.name = name
        self._limits = address_space, file_size, walled
        self.spent = 0.0
        """Seconds of processor time of the last call and all it started; 0 where it died of itself."""
        self._process: _Process | None = None
        self._turn = threading.Lock()

    def run(self, function: str, *args: object, wall: float, cpu: float, beat: Callable[[], None] | None = None) -> Any:
        """What `function` ("archive.scans:read_page") answers to `args`, which must pickle.

        `wall` and `cpu` are seconds; what it starts shares its `cpu` where /proc tells. `beat` is called about every
        second; what it raises kills the child and goes on. Our own errors are raised here as they were there;
        TookTooLong and Crashed say the child is dead.
        """
        with self._turn:
            process = self._process = self._process or _Process(*self._limits)
            before = processor_time.used(process.pid)
            try:
                outcome, value = process.ask((function, args, cpu), time.monotonic() + wall, cpu, beat)
            except BaseException:
                self.spent = max(0.0, processor_time.used(process.pid) - before)
                self._kill()
                raise
            self.spent = processor_time.used(process.pid) - before
            if process.is_worn:
                self._kill()
        if outcome == "answer":
            return value
        raise _error(*value)

    @property
    def pid(self) -> int | None:
        """The process, for those who watch memory; None while none runs."""
        return self._process.pid if self._process else None

    def close(self) -> None:
        """Ends the process; the next call would start another."""
        with self._turn:
            self._kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process:
            process.kill()


class _Process:
    """The parent's end of one child process."""

    def __init__(self, address_space: int, file_size: int, walled: bool) -> None:
        self.calls = 0
        self.memory = 0
        self._home, self._lock = _private_directory()
        theirs_in, self._requests = os.pipe()
        self._replies, theirs_out = os.pipe()
        lifeline, self._lifeline = os.pipe()
        theirs = (theirs_in, theirs_out, lifeline)
        serve = [sys.executable, "-P", "-m", "archive.children", *map(str, (*theirs, address_space, file_size))]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [*(walls() if walled else ()), *serve],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                pass_fds=theirs, start_new_session=True, cwd=self._home, env=_environment(self._home),
            )  # fmt: skip
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        self.pid = self._process.pid
        for descriptor in (self._requests, self._replies):
            os.set_blocking(descriptor, False)

    @property
    def is_worn(self) -> bool:
        return self.calls >= MOST_CALLS or self.memory > MOST_MEMORY

    def ask(self, request: object, deadline: float, cpu: float, beat: Callable[[], None] | None) -> tuple[str, Any]:
        body, most = pickle.dumps(request, protocol=5), processor_time.used(self.pid) + cpu
        reply = self._exchange(len(body).to_bytes(8, "big") + body, deadline, lambda: self._look(most, beat))
        self.calls += 1
        try:
            outcome, value, self.memory = _Trusting(io.BytesIO(reply)).load()
        except Exception as error:
            # Whatever the bytes are, they did not come from a child in its right mind.
            raise errors.Crashed(_DIED) from error
        return outcome, value

    def _look(self, most: float, beat: Callable[[], None] | None) -> None:
        if processor_time.used(self.pid) > most:
            raise errors.TooMuchWork(_LATE)
        if beat:
            beat()

    def _exchange(self, request: bytes, deadline: float, beat: Callable[[], None]) -> bytes:
        unsent, reply, next_beat = memoryview(request), bytearray(), time.monotonic() + 1.0
        with selectors.DefaultSelector() as ready:
            ready.register(self._replies, selectors.EVENT_READ)
            ready.register(self._requests, selectors.EVENT_WRITE)
            while (size := _size(reply)) is None or len(reply) < 8 + size:
                for key, _ in ready.select(max(0.0, min(1.0, deadline - time.monotonic()))):
                    if key.fd == self._replies:
                        reply += self._receive()
                    else:
                        unsent = self._send(unsent)
                        if not unsent:
                            ready.unregister(self._requests)
                now = time.monotonic()
                if now >= deadline:
                    raise errors.TookTooLong(_LATE)
                if now >= next_beat:
                    next_beat = now + 1.0
                    beat()
        return bytes(reply[8 : 8 + size])

    def _send(self, unsent: memoryview) -> memoryview:
        try:
            return unsent[os.write(self._requests, unsent[: 1 << 20]) :]
        except BrokenPipeError:
            raise self._death() from None

    def _receive(self) -> bytes:
        piece = os.read(self._replies, 1 << 20)
        if not piece:
            raise self._death()
        return piece

    def _death(self) -> errors.ArchiveError:
        try:
            status = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            status = 0
        status = 128 - status if status > 128 else status  # as bubblewrap says which signal it was
        if status == -signal.SIGXCPU:
            return errors.TooMuchWork(_LATE)
        death = errors.Aborted(_DIED) if -status in _FELL else errors.Crashed(_DIED)
        death.add_note(f"child ended with status {status}")
        return death

    def kill(self) -> None:
        """Kills the process and all it started, and removes what they left."""
        for descriptor in (self._requests, self._replies, self._lifeline):
            os.close(descriptor)
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self._process.kill()
        self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)
        os.close(self._lock)


@functools.cache
def walls() -> tuple[str, ...]:
    """What is said before a command to take network and disk away from it; () where bubblewrap is not there or may not.

    Everything can be read, for originals and programs lie anywhere; only temporary files can be written.
    """
    program, temporary = shutil.which("bwrap"), tempfile.gettempdir()
    if program is None:
        return ()
    kept = ("--ro-bind", "/", "/", "--dev", "/dev", "--bind", temporary, temporary)
    words = (program, "--unshare-net", "--unshare-ipc", *kept, "--")
    tried = subprocess.run([*words, "true"], capture_output=True, timeout=10, check=False)  # noqa: S603 - our own words
    return () if tried.returncode else words


def _size(reply: bytearray) -> int | None:
    """The length the first eight bytes announce; None while they are not all there."""
    if len(reply) < 8:
        return None
    size = int.from_bytes(reply[:8], "big")
    if size > MOST_REPLY:
        raise errors.Crashed(_DIED)
    return size


def _environment(home: str) -> dict[str, str]:
    """What a child may know: where programs and our code are, and to use one thread."""
    kept = {name: os.environ[name] for name in ("PATH", "TESSDATA_PREFIX") if name in os.environ}
    threads = dict.fromkeys(("OMP_THREAD_LIMIT", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    paths = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
    return {**kept, **threads, "PYTHONPATH": paths, "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8"}


def _private_directory() -> tuple[str, int]:
    """A new directory and a lock on it that ends with this process; sweeps those whose lock has ended."""
    root = Path(tempfile.gettempdir())
    for left in root.glob(PREFIX + "*"):
        _sweep(left)
    home = tempfile.mkdtemp(prefix=PREFIX)
    lock = os.open(home, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return home, lock


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """A new directory for files between us and a child; after a crash the next child sweeps it."""
    home, lock = _private_directory()
    try:
        yield Path(home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
        os.close(lock)


def _sweep(directory: Path) -> None:
    try:
        lock = os.open(directory, os.O_RDONLY)
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between mkdtemp and flock a directory is unlocked, but young.
        found = directory.stat()
        if found.st_uid == os.getuid() and time.time() - found.st_mtime > 60:
            shutil.rmtree(directory, ignore_errors=True)
    except OSError:
        pass
    finally:
        os.close(lock)


_HARMLESS = {
    "builtins": {"set", "frozenset", "bytearray", "complex", "range"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
    "collections": {"OrderedDict"},
}


class _Trusting(pickle.Unpickler):
    """Unpickles plain values and our dataclasses: a hijacked child may send anything, and pickle runs what it says."""

    def find_class(self, module: str, name: str) -> Any:
        if name in _HARMLESS.get(module, ()):
            return getattr(importlib.import_module(module), name)
        if re.fullmatch(r"archive(\.[a-z_]+)*", module) and name.isidentifier():
            found = getattr(importlib.import_module(module), name, None)
            if isinstance(found, type) and dataclasses.is_dataclass(found) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is not a value")


def _error(kind: str, message: str, where: str) -> Exception:
    """The error a child told of, as an exception of the parent."""
    ours = getattr(errors, kind, None)
    if isinstance(ours, type) and issubclass(ours, errors.ArchiveError):
        return ours(message)
    crash = errors.Crashed(_DIED)
    crash.add_note(f"{kind} in {where}")
    return crash


# From here on: the child's side.


def main(requests: int, replies: int, lifeline: int, address_space: int, file_size: int) -> None:
    """Answers requests until there are no more."""
    for descriptor in (requests, replies, lifeline):
        os.set_inheritable(descriptor, False)
    _die_with(lifeline)
    _set_limits(address_space, file_size)
    with os.fdopen(requests, "rb") as source, os.fdopen(replies, "wb") as target:
        while head := source.read(8):
            function, args, cpu = pickle.loads(source.read(int.from_bytes(head, "big")))  # noqa: S301 - our parent's
            _reply(target, _outcome(function, args, cpu))


def _die_with(lifeline: int) -> None:
    """Ends this process and all it started when the other end of `lifeline` closes, even by kill -9.

    The kernel signals the whole group without help of the interpreter, which may be deep in a decoder; the thread
    serves systems without O_ASYNC on pipes. PR_SET_PDEATHSIG would not do: it fires when the *thread* that started us
    ends.
    """
    threading.Thread(target=_wait_for_end, args=(lifeline,), daemon=True).start()
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def _wait_for_end(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)


def _set_limits(address_space: int, file_size: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    processor_time.count()


def _outcome(function: str, args: tuple[object, ...], cpu: float) -> tuple[str, Any]:
    # Twice as much, for ticks may tell twice what was used: our parent measures, and is first where /proc tells it.
    soft = int(processor_time.counted() + 2 * cpu) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
    module, _, name = function.partition(":")
    try:
        return "answer", getattr(importlib.import_module(module), name)(*args)
    except errors.ArchiveError as error:
        return "error", (type(error).__name__, str(error), "")
    except Exception as error:
        # The parent learns the kind and the place; a message might quote the paper.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return "error", (type(error).__name__, "", f"{Path(frame.filename).name}:{frame.lineno}")


def _reply(target: BinaryIO, outcome: tuple[str, Any]) -> None:
    body = pickle.dumps((*outcome, _resident()), protocol=5)
    target.write(len(body).to_bytes(8, "big") + body)
    target.flush()


def _resident() -> int:
    """Bytes of memory in use; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


if __name__ == "__main__":
    # The module under its own name, so that what is pickled here is found there.
    from archive.children import main as serve

    serve(*map(int, sys.argv[1:]))
