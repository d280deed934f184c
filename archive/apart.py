"""Asks functions of others in a forked child: what hangs, exits or crashes there costs one answer, not the paper."""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import select
import signal
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

_MOST_BYTES = 8 * 2**20
_MOST_MEMORY = 2**30
"""Bytes of address space a child may take beyond what it was forked with."""
_MOST_ANSWERS = 5000


class OutOfTime(BaseException):
    """The time was up. No Exception: a plugin that catches everything must not catch this."""


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    name: str
    answer: Any = None
    error: str = ""
    """English, without a word of the paper."""


def in_time(function: Callable[[], Any], seconds: float) -> Any:
    """`function()`, stopped by OutOfTime after `seconds` where a timer can be had (the main thread)."""
    if threading.current_thread() is not threading.main_thread() or signal.getitimer(signal.ITIMER_REAL)[0]:
        return function()
    before = signal.signal(signal.SIGALRM, _time_is_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return function()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _time_is_up(*_: object) -> NoReturn:
    raise OutOfTime


def ask_here(call: Call) -> Outcome:
    """The answer of `call` in this process; a generator that fails half-way has answered nothing."""
    try:
        answer = call.function(*call.arguments)
        return Outcome(call.name, _whole(answer))
    except Exception as error:  # see archive.host: a plugin's fault never stops a paper
        return Outcome(call.name, error=_what(error))


def _whole(answer: Any) -> Any:
    """A generator run to its end, as far as it is reasonable."""
    if not isinstance(answer, Iterator):
        return answer
    taken = []
    for one in answer:
        taken.append(one)
        if len(taken) > _MOST_ANSWERS:
            raise ValueError("too many answers")
    return taken


def _what(error: BaseException) -> str:
    """The kind of an error and where it came from: its message may hold words of the paper."""
    trace, place = error.__traceback__, ""
    while trace:
        place, trace = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}", trace.tb_next  # noqa: PTH119
    return f"{type(error).__name__} at {place}"


def ask(calls: Sequence[Call], seconds: float) -> Iterator[Outcome]:
    """The outcome of each call, in order. One child answers them all; after a death the next child goes on."""
    left = list(calls)
    while left:
        for outcome in _one_child(tuple(left), seconds):
            left.pop(0)
            yield outcome


def _one_child(calls: Sequence[Call], seconds: float) -> Iterator[Outcome]:
    """Outcomes until the child ends; at least one."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _answer_all(calls, writing)
    os.close(writing)
    try:
        for call in calls:
            outcome = _receive(call.name, reading, seconds)
            yield outcome
            if outcome.error in DEADLY:
                return
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


TOO_SLOW, DIED, TOO_MUCH = "out of time", "the process died", "the answer is too big"
DEADLY = (TOO_SLOW, DIED, TOO_MUCH)
"""What ends the child that was asked."""


def _receive(name: str, pipe: int, seconds: float) -> Outcome:
    deadline = time.monotonic() + seconds
    try:
        (size,) = struct.unpack("!Q", _read(pipe, 8, deadline))
        if size > _MOST_BYTES:
            return Outcome(name, error=TOO_MUCH)
        answer, error = pickle.loads(_read(pipe, size, deadline))  # noqa: S301 - written by our own fork
        return Outcome(name, answer, error)
    except TimeoutError:
        return Outcome(name, error=TOO_SLOW)
    except EOFError:
        return Outcome(name, error=DIED)
    except Exception as error:  # what a plugin puts into an answer may not even unpickle
        return Outcome(name, error=_what(error))


def _read(pipe: int, size: int, deadline: float) -> bytes:
    data = b""
    while len(data) < size:
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        piece = os.read(pipe, min(65536, size - len(data)))
        if not piece:
            raise EOFError
        data += piece
    return data


def _answer_all(calls: Sequence[Call], pipe: int) -> NoReturn:
    """In the child: answers one call after another and leaves without a trace in the parent's files."""
    try:
        _limit_memory()
        for call in calls:
            _send(pipe, _answer(call))
    finally:
        os._exit(0)


def _answer(call: Call) -> tuple[Any, str]:
    try:
        return _whole(call.function(*call.arguments)), ""
    except BaseException as error:  # SystemExit as well: the next plugin is asked in the same child
        return None, _what(error)


def _send(pipe: int, answer: tuple[Any, str]) -> None:
    try:
        data = pickle.dumps(answer)
    except BaseException as error:  # an answer that cannot be pickled is no answer; MemoryError comes here, too
        data = pickle.dumps((None, _what(error)))
    if len(data) > _MOST_BYTES:
        data = pickle.dumps((None, "the answer is too big"))
    data = struct.pack("!Q", len(data)) + data
    while data:
        data = data[os.write(pipe, data) :]


def _limit_memory() -> None:
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123
        pages = int(statm.read().split()[0])
    most = pages * resource.getpagesize() + _MOST_MEMORY
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard), hard))
