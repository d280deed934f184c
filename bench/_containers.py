"""deploy/compose.yaml without a container runtime: each service in a network and a read-only root of its own.

What the file and the Dockerfile say is taken from there as it stands: command, environment, user, hostname, volumes,
tmpfs, health check. The programs are those of this machine (a Debian 12, as the images are); bubblewrap makes the walls
and `ip` the networks, so root is needed. Not tried by it: the images' own building, limits of memory and of processes.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bench._apart_faults import wait
from bench._engines import WEED
from bench._machines import Machine, Network

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")
SECRETS = ("DB_PASSWORD", "BROKER_PASSWORD", "STORE_SECRET", "METRICS_TOKEN")
CODE = "/opt/vanthu"
_NAMED = 'mount --bind "$0/hosts" /etc/hosts && mount --bind "$0/resolv.conf" /etc/resolv.conf && exec "$@"'
_OWN = {"proc", "dev", "tmp", "run", "data", "opt", "sys", "root", "home", "media", "mnt", "srv", "boot", "lost+found"}
"""Of the top of this machine's root what a container has of its own, or not at all."""
_BEGIN = (
    'initdb -U "$POSTGRES_USER" -A trust --pwfile=/tmp/word --no-locale -E UTF8 >/dev/null &&'
    " echo 'host all all all scram-sha-256' >>\"$PGDATA/pg_hba.conf\" &&"
    ' echo "CREATE DATABASE \\"$POSTGRES_DB\\"" | postgres --single postgres >/dev/null'
)
"""What the image of PostgreSQL does with an empty volume."""


def told(words: Mapping[str, str]) -> dict[str, Any]:
    """compose.yaml with `words` in the place of its ${…}. KeyError for one that must be set and is not."""

    def of(found: re.Match[str]) -> str:
        name, _, default = found[1].partition(":-")
        return words.get(name, default) if ":-" in found[1] else words[name.partition(":?")[0]]

    read: dict[str, Any] = yaml.safe_load(re.sub(r"\$\{([^}]+)\}", of, COMPOSE))
    return read


def built(ref: str, folder: Path) -> Path:
    """A commit's /opt/vanthu, made by the lines of the Dockerfile with this machine's Python in /usr/bin."""
    if folder.exists():
        return folder
    folder.mkdir(parents=True)
    packed = subprocess.run(["git", "archive", ref], check=True, capture_output=True, cwd=ROOT).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    stage = re.split(r"(?m)^FROM ", DOCKERFILE)[1]
    runs = re.findall(r"(?m)^RUN (.+)$", re.sub(r"\\\n\s*", "", stage))
    # Where the package installer finds its packages here may lie below /opt, and its settings in root's home.
    there = [word for one in sorted(Path("/opt").iterdir()) for word in ("--ro-bind", str(one), str(one))]
    walls = [*_top({"root"}), *there, "--tmpfs", "/tmp", "--proc", "/proc", "--dev", "/dev"]
    for line in runs:
        if not line.startswith("apt-get"):
            words = ["bwrap", *walls, "--bind", str(folder), CODE, "--chdir", CODE, "sh", "-ec", f"umask 022; {line}"]
            environment = os.environ | {"PATH": "/usr/bin:/bin"}
            subprocess.run(words, check=True, env=environment, capture_output=True)
    return folder


def _top(also: Collection[str] = ()) -> Iterator[str]:
    """bubblewrap's words for this machine's root, read-only, as far as a container has it too."""
    for one in sorted(Path("/").iterdir()):
        if one.is_symlink():
            yield from ("--symlink", str(one.readlink()), str(one))
        elif one.is_dir() and (one.name not in _OWN or one.name in also):
            yield from ("--ro-bind", str(one), str(one))


def own_words() -> dict[str, str]:
    """What an office writes into .env."""
    return {name: secrets.token_hex(16) for name in SECRETS}


def _stage(target: str) -> str:
    """The part of the Dockerfile that makes an image; the last one where no target is named."""
    stages = re.split(r"(?m)^FROM ", DOCKERFILE)[1:]
    return next(one for one in stages if one.splitlines()[0].endswith(f" AS {target}")) if target else stages[-1]


def _of_image(stage: str) -> tuple[str, dict[str, str]]:
    """(user, environment) that an image of ours brings along."""
    lines = re.sub(r"\\\n\s*", "", stage)
    said = re.findall(r"(?m)^ENV (.+)$", lines)
    user = re.findall(r"(?m)^USER (\S+)$", lines)[-1]
    return user, dict(pair.split("=", 1) for line in said for pair in line.split())


class Container:
    """One service of the file on a machine of its own; `volumes` and what lies in them outlive it."""

    def __init__(self, name: str, service: Mapping[str, Any], machine: Machine, folder: Path, code: Path) -> None:
        self.name, self._service, self.machine, self._folder, self._code = name, service, machine, folder, code
        self._ours = "build" in service
        stage = _stage(service["build"].get("target", "")) if self._ours else ""
        user, brought = _of_image(stage) if self._ours else (str(service["user"]), {})
        self._user, _, group = user.partition(":")
        self._group = group or self._user
        self._environment = {"PATH": "/usr/bin:/bin"} | brought | service.get("environment", {})
        if name == "db":
            programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
            self._environment |= {"PATH": f"{programs}:/usr/bin:/bin", "PGDATA": "/var/lib/postgresql/data"}
        elif self._is_app:
            self._environment["HOME"] = "/data"
        self._volumes = [one.split(":")[:2] for one in service.get("volumes", ())]
        for volume, _ in self._volumes:
            self._make(volume)
        self.log = folder / f"{machine.name}.log"

    @property
    def _is_app(self) -> bool:
        return self._service.get("hostname") == "vanthu"

    def _make(self, volume: str) -> None:
        """A new volume belongs to who uses it first, as the image's folder does."""
        place = self._folder / "volumes" / volume
        if not place.exists():
            place.mkdir(parents=True, mode=0o750)
            subprocess.run(["chown", f"{self._user}:{self._group}", place], check=True)

    def words(self, command: Sequence[str]) -> list[str]:
        """A command inside: its own network, root and user, and nothing of this process's environment."""
        inside = ["setpriv", "--reuid", self._user, "--regid", self._group, "--clear-groups", "--inh-caps=-all",
                  "--bounding-set=-all", "--no-new-privs"]  # fmt: skip
        place = [str(WEED) if word == "/usr/bin/weed" else word for word in command]
        return ["ip", "netns", "exec", self.machine.space, "sh", "-c", _NAMED, str(self._folder),
                "bwrap", *self._root(), *self._given(), "--", *inside, "--", *place]  # fmt: skip

    def _root(self) -> list[str]:
        words = ["--unshare-uts", "--hostname", self._service.get("hostname", self.name), "--proc", "/proc"]
        words += ["--dev", "/dev", "--perms", "0755", "--dir", "/run", "--perms", "0755", "--dir", "/opt"]
        words += _top()
        if self._is_app:
            words += ["--ro-bind", str(self._code), CODE]
        for place in self._service.get("tmpfs", ()):
            words += ["--perms", "1777", "--tmpfs", place.partition(":")[0]]
        if self.name == "broker":
            words += ["--tmpfs", "/etc/rabbitmq"]
            words += ["--ro-bind", str(ROOT / "deploy" / "rabbitmq.conf"), "/etc/rabbitmq/rabbitmq.conf"]
            words += ["--remount-ro", "/etc/rabbitmq"]
        for volume, place in self._volumes:
            if len(Path(place).parts) > 2 and not Path(place).exists():
                words += ["--perms", "0755", "--tmpfs", str(Path(place).parent)]
            words += ["--bind", str(self._folder / "volumes" / volume), place]
        home = "/data" if self._is_app else "/tmp"
        return [*words, "--remount-ro", "/", "--chdir", home]

    def _given(self) -> list[str]:
        return ["--clearenv", *(word for pair in self._environment.items() for word in ("--setenv", *pair))]

    def run(self, *command: str, check: bool = True) -> str:
        """What a command says that is run beside the service, as `docker compose exec` does."""
        done = subprocess.run(self.words(command), capture_output=True, text=True)
        if check and done.returncode:
            raise RuntimeError(f"{self.name}: {command} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def start(self) -> subprocess.Popen[bytes]:
        """Start it as the file says."""
        if self.name == "db" and not any((self._folder / "volumes" / self._volumes[0][0]).iterdir()):
            self.run("sh", "-c", f'printf %s "$POSTGRES_PASSWORD" >/tmp/word && {_BEGIN}')
        command = self._service.get("command") or ["postgres", "-c", "listen_addresses=*"]
        with self.log.open("ab") as said:
            return subprocess.Popen(
                self.words(command), stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )

    @property
    def is_healthy(self) -> bool:
        """What the health check says, as it is written."""
        if test := self._service.get("healthcheck", {}).get("test"):
            words = test[1:]
        else:
            words = yaml.safe_load(re.findall(r"(?m)^    CMD (\[.*\])$", _stage(""))[-1])
        return subprocess.run(self.words(words), capture_output=True).returncode == 0

    def is_up(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether it is healthy by now; RuntimeError when it has ended instead."""
        if process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {process.returncode}: {self.log.read_text()[-2000:]}")
        return self.is_healthy

    def stop(self, seconds: float = 30.0) -> None:
        """As `docker compose stop`: the first process is told, and has so long."""
        number = signal.Signals[self._service.get("stop_signal", "SIGTERM")]
        for pid in self.pids():
            if _parent(pid) == "bwrap":
                os.kill(pid, number)
        end = time.monotonic() + seconds
        while self.pids() and time.monotonic() < end:
            time.sleep(0.1)
        self.machine.kill()

    def pids(self) -> list[int]:
        """The processes inside, bubblewrap's own left out."""
        return [pid for pid in self.machine.pids() if _name(pid) not in ("bwrap", "")]


def _status(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:  # it has ended meanwhile
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _name(pid: int) -> str:
    return _status(pid).get("Name", "")


def _parent(pid: int) -> str:
    return _name(int(_status(pid).get("PPid", "0")))


class Project:
    """All services of the file; `up` and `stop` as Compose does."""

    def __init__(self, network: Network, folder: Path, words: Mapping[str, str]) -> None:
        self._network, self._folder, self.words = network, folder, dict(words)
        self.running: dict[str, Container] = {}

    def container(self, service: str, name: str, code: Path) -> Container:
        """A service as `code` has its programs."""
        machine = self._network.machines.get(name) or self._network.machine(name)
        return Container(service, told(self.words)["services"][service], machine, self._folder, code)

    def up(self, code: Path) -> None:
        """What does not run is started, in the order of `depends_on`; RuntimeError where one does not come up."""
        services = told(self.words)["services"]
        waiting = list(services)
        while waiting:
            ready = next(one for one in waiting if not set(services[one].get("depends_on", ())) & set(waiting))
            waiting.remove(ready)
            self._up(ready, services[ready], code)

    def _up(self, service: str, told: Mapping[str, Any], code: Path) -> None:
        for number in range(told.get("deploy", {}).get("replicas", 1)):
            name = f"{service}{number or ''}"
            if name in self.running:
                continue
            one = self.container(service, name, code)
            process = one.start()
            if told.get("restart") == "no":
                if process.wait():
                    raise RuntimeError(f"{name} ended with {process.returncode}: {one.log.read_text()}")
                continue
            self.running[name] = one
            if told.get("healthcheck", {}).get("disable") is not True:
                wait(lambda one=one, process=process: one.is_up(process), f"{name} healthy", 180)  # type: ignore[misc]

    def stop(self, *services: str) -> None:
        """Stop what runs of these, who need others before those."""
        for name in [name for name in reversed(self.running) if name.rstrip("0123456789") in services]:
            self.running.pop(name).stop()

    def exec(self, name: str, *command: str) -> str:
        """What a command says in a running service."""
        return self.running[name].run(*command)


def missing() -> str | None:
    """Why it cannot be tried here."""
    absent = [program for program in ("bwrap", "setpriv", "rabbitmqctl") if shutil.which(program) is None]
    return f"not installed: {', '.join(absent)}" if absent else None
