"""What steps of tests do in their child, each of which imports this anew: so it imports next to nothing itself."""

import os
import signal
import time
from pathlib import Path

from archive.errors import Crashed, Encrypted, TooMuchWork


def work(seconds):
    time.sleep(seconds)
    return seconds


def spin(seconds):
    """Deaf to everything but a kill."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_of(*_):
    die()


def read_slowly(*args):
    """A page that computes 1.2 s more than it would."""
    from archive import steps

    end = time.process_time() + 1.2
    while time.process_time() < end:
        pass
    return steps.read(*args)


def refuse():
    raise Encrypted("Tệp có mật khẩu.")


def crash():
    raise Crashed("Việc đọc dừng đột ngột.")


def opens(path):
    """The file is there, in the process that decodes."""
    from archive.durable import sha256_of

    return sha256_of(Path(path))


def fails_on_the_second(path, number, limits):
    """A look at the head of a page."""
    from archive import steps

    if number == 2:
        raise TooMuchWork("")
    return steps.look(path, number, limits)
