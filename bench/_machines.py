"""Machines on one Linux: network namespaces with a link each to a switch (a bridge), made with `ip` as root.

What runs in one has that network alone, and its own name. Links are cut, slowed and made to lose at layer 2, so that
nobody is told anything: no RST, no ICMP, as when a cable is pulled out.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

PROGRAMS = ("ip", "unshare", "hostname")
NOWHERE = "02:00:00:00:00:fe"
"""A hardware address nobody has."""
_SETTLE = (
    'hostname "$0" && mount --bind "$1/hosts" /etc/hosts && mount --bind "$1/resolv.conf" /etc/resolv.conf '
    '&& shift && exec "$@"'
)
"""`ip netns exec` has given it mounts of its own. Names are known without asking: no server of names is there."""
_TUNSETIFF, _IFF_TAP, _IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
_FRAME = 65536


def missing() -> str | None:
    """Why no machines can be made here; None when they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if absent := [program for program in PROGRAMS if shutil.which(program) is None]:
        return f"not installed: {', '.join(absent)} (iproute2, util-linux, hostname)"
    name = f"vt{os.getpid()}try"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if tried.returncode:
        return f"no network namespace can be made here: {tried.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name], check=True)
    return None


def ip(*words: str, check: bool = True) -> None:
    """Run `ip` with these words."""
    subprocess.run(["ip", *words], check=check, capture_output=not check)


class Network:
    """A switch and the machines at it; `close` leaves nothing of them, whatever state they are in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "hosts").write_text("127.0.0.1 localhost\n")
        (folder / "resolv.conf").write_text("")
        self._tag = f"vt{os.getpid() % 100_000}"
        self._subnet = f"10.213.{os.getpid() % 250}"
        self.switch, self.here = f"{self._tag}sw", f"{self._subnet}.1"
        self.machines: dict[str, Machine] = {}
        self._wires: list[Wire] = []
        ip("link", "add", self.switch, "type", "bridge")
        ip("addr", "add", f"{self.here}/24", "dev", self.switch)
        ip("link", "set", self.switch, "up")

    def machine(self, name: str) -> Machine:
        """One more machine, its link up."""
        number = len(self.machines) + 2
        one = Machine(name, f"{self._tag}{name}", f"{self._tag}p{number}", f"{self._subnet}.{number}", self._folder)
        self.machines[name] = one
        with (self._folder / "hosts").open("a") as known:
            known.write(f"{one.address} {name}\n")
        ip("netns", "add", one.space)
        ip("link", "add", one.port, "type", "veth", "peer", "name", "eth0", "netns", one.space)
        ip("link", "set", one.port, "master", self.switch, "up")
        for words in (("link", "set", "lo", "up"), ("addr", "add", f"{one.address}/24", "dev", "eth0"),
                      ("link", "set", "eth0", "up")):  # fmt: skip
            ip("-n", one.space, *words)
        return one

    def part(self, one: Machine, other: Machine) -> None:
        """What either sends the other gets lost; both still reach everybody else."""
        for here, there in ((one, other), (other, one)):
            ip("-n", here.space, "neigh", "replace", there.address, "lladdr", NOWHERE, "nud", "permanent",
               "dev", "eth0")  # fmt: skip

    def join(self, one: Machine, other: Machine) -> None:
        """They reach each other again."""
        for here, there in ((one, other), (other, one)):
            ip("-n", here.space, "neigh", "del", there.address, "dev", "eth0")

    @contextlib.contextmanager
    def worn(self, machine: Machine, seconds: float, loss: float) -> Iterator[Wire]:
        """The machine's link takes `seconds` one way and loses a share of all frames in each."""
        wire = Wire(f"{machine.port}w", seconds, loss)
        side = f"{machine.port}b"
        ip("link", "add", side, "type", "bridge")
        self._wires.append(wire)
        try:
            for name, switch in ((wire.ends[0], side), (wire.ends[1], self.switch), (machine.port, side)):
                ip("link", "set", name, "master", switch)
            for name in (side, *wire.ends):
                ip("link", "set", name, "up")
            yield wire
            ip("link", "set", machine.port, "master", self.switch)
        finally:
            wire.close()
            ip("link", "del", side, check=False)

    def close(self) -> None:
        """Kill what runs in the machines, and take them away."""
        for wire in self._wires:
            wire.close()
        for one in self.machines.values():
            one.kill()
            ip("netns", "del", one.space, check=False)  # its link goes with it
            ip("link", "del", one.port, check=False)
            ip("link", "del", f"{one.port}b", check=False)
        ip("link", "del", self.switch, check=False)


class Machine:
    """A network namespace: what is started in it sees its own network and bears its name."""

    def __init__(self, name: str, space: str, port: str, address: str, names: Path) -> None:
        self.name, self.space, self.port, self.address, self._names = name, space, port, address, names
        self._started: list[subprocess.Popen[bytes]] = []

    def run(
        self, *command: str | Path, environment: Mapping[str, str] | None = None, log: Path, user: str = "",
    ) -> subprocess.Popen[bytes]:  # fmt: skip
        """Start a program; what it says goes into the file `log`."""
        as_user = ("setpriv", "--reuid", user, "--regid", user, "--clear-groups") if user else ()
        named = ("unshare", "--uts", "sh", "-c", _SETTLE, self.name, str(self._names))
        words = ["ip", "netns", "exec", self.space, *named, *as_user, *map(str, command)]
        with log.open("ab") as said:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/" if user else None,
                env={**os.environ, **(environment or {})}, start_new_session=True,
            )  # fmt: skip
        self._started.append(process)
        return process

    def cut(self) -> None:
        """Pull the cable out of the switch."""
        ip("link", "set", self.port, "down")

    def plug(self) -> None:
        """Put it back."""
        ip("link", "set", self.port, "up")

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to all that runs here."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """Switch it off: nothing of it runs any more, and nobody is told goodbye by name."""
        for _ in range(20):  # what was just being forked, too
            if not self.pids():
                break
            self.tell(signal.SIGKILL)
            time.sleep(0.05)
        while self._started:
            self._started.pop().wait(10)

    def pids(self) -> Sequence[int]:
        """What runs here."""
        done = subprocess.run(["ip", "netns", "pids", self.space], capture_output=True, text=True)
        return [int(pid) for pid in done.stdout.split()]


class Wire:
    """Two taps, and a thread that carries frames between them: late, and not all of them.

    The kernel's own netem is not built into every kernel; this is asked of any.
    """

    def __init__(self, name: str, seconds: float, loss: float) -> None:
        self.ends = (f"{name}0", f"{name}1")
        self._taps = [_tap(end) for end in self.ends]
        self._seconds, self._loss = seconds, loss
        self.carried = self.lost = 0
        self._until, self._over = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        late: deque[tuple[float, int, bytes]] = deque()
        while True:
            wait = max(0.0, late[0][0] - time.monotonic()) if late else None
            ready, _, _ = select.select([*self._taps, self._until], [], [], wait)
            if self._until in ready:
                return
            for tap in ready:
                frame = os.read(tap, _FRAME)
                if random.random() < self._loss:
                    self.lost += 1
                    continue
                late.append((time.monotonic() + self._seconds, self._taps[1 - self._taps.index(tap)], frame))
            while late and late[0][0] <= time.monotonic():
                _, target, frame = late.popleft()
                with contextlib.suppress(OSError):  # that end is not up yet, or no more
                    os.write(target, frame)
                    self.carried += 1

    def close(self) -> None:
        """Take both taps away."""
        if self._taps:
            os.write(self._over, b"x")
            self._thread.join(10)
            for descriptor in (*self._taps, self._until, self._over):
                os.close(descriptor)
            self._taps = []


def _tap(name: str) -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    try:
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TAP | _IFF_NO_PI))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def listens(address: str, port: int, process: subprocess.Popen[bytes], seconds: float = 180.0) -> None:
    """Wait until the process listens there; TimeoutError, also when it has ended instead."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1):
            return
        if time.monotonic() > end or process.poll() is not None:
            raise TimeoutError(f"nothing listens at {address}:{port}")
        time.sleep(0.1)
