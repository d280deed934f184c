"""The servers of an archive on machines of their own (bench/_machines.py): PostgreSQL, RabbitMQ or Redis, SeaweedFS."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from bench._machines import Machine, listens

WEED = Path(sys.executable).with_name("weed")
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
PORT = 5432
_BROKERS = {"rabbitmq": RABBITMQ, "redis": Path(shutil.which("redis-server") or "/usr/bin/redis-server")}


def _initdb() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "/initdb")]
    return found[-1]


def missing(broker: str) -> str | None:
    """Which server is not installed; None: all are."""
    needed = {"PostgreSQL": _initdb(), "SeaweedFS": WEED, broker: _BROKERS[broker]}
    absent = [name for name, program in needed.items() if not program.is_file()]
    return f"not installed: {', '.join(absent)}" if absent else None


class Server(Protocol):
    """A server program on a machine of its own."""

    machine: Machine
    url: str

    def start(self) -> None:
        """Start it with what it has kept; it takes connections when this returns."""

    def kill(self) -> None:
        """kill -9 of all of it."""


class PostgreSQL:
    """A new cluster in `folder`, to which the network of the machines is let in."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine, self._folder, self._log = machine, folder / "cluster", folder / "log"
        self.url = f"postgresql+psycopg://postgres@{machine.address}:{PORT}/postgres"
        self._programs = _initdb().parent
        folder.mkdir()
        shutil.chown(folder, "postgres", "postgres")
        command: list[str | Path] = [
            "-D",
            self._folder,
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
            "--no-locale",
            "-E",
            "UTF8",
        ]
        with self._log.open("ab") as log:
            subprocess.run(
                [self._programs / "initdb", *command], check=True, cwd="/", stdout=log, stderr=log,
                user="postgres", group="postgres", extra_groups=[],
            )  # fmt: skip
        with (self._folder / "pg_hba.conf").open("a") as known:
            known.write(f"host all all {machine.address}/24 trust\n")
        self.start()

    def start(self) -> None:
        """Recovery and all."""
        named = ("-c", f"listen_addresses={self.machine.address}", "-c", f"unix_socket_directories={self._folder}")
        process = self.machine.run(
            self._programs / "postgres", "-D", self._folder, "-p", str(PORT), *named, "-c", "fsync=off",
            log=self._log, user="postgres",
        )  # fmt: skip
        listens(self.machine.address, PORT, process)

    def kill(self) -> None:
        """Every process of it."""
        self.machine.kill()


class RabbitMQ:
    """A node of its own, which forgets everything with its folder."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine, self._folder = machine, folder
        self.url = f"celery+amqp://guest:guest@{machine.address}:5672//"
        folder.mkdir()
        self.start()

    def start(self) -> None:
        """Empty, if it was killed."""
        settings = self._folder / "rabbitmq.conf"
        settings.write_text(f"listeners.tcp.1 = {self.machine.address}:5672\nloopback_users = none\n")
        environment = {
            "HOME": self._folder, "RABBITMQ_NODENAME": "vanthu@localhost", "RABBITMQ_CONFIG_FILE": settings,
            "RABBITMQ_MNESIA_BASE": self._folder / "kept", "RABBITMQ_LOG_BASE": self._folder / "logs",
            "RABBITMQ_ENABLED_PLUGINS_FILE": self._folder / "plugins", "RABBITMQ_PID_FILE": self._folder / "pid",
            "RABBITMQ_CONF_ENV_FILE": self._folder / "none", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }  # fmt: skip
        (self._folder / "plugins").write_text("[].\n")
        process = self.machine.run(
            RABBITMQ, log=self._folder / "log", environment={name: str(value) for name, value in environment.items()}
        )
        listens(self.machine.address, 5672, process)

    def kill(self) -> None:
        """And all it kept."""
        self.machine.kill()
        shutil.rmtree(self._folder / "kept", ignore_errors=True)


class Redis:
    """A Redis that keeps nothing on a disk."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine, self._folder = machine, folder
        self.url = f"celery+redis://{machine.address}:6379/0"
        folder.mkdir()
        self.start()

    def start(self) -> None:
        """Empty."""
        process = self.machine.run(
            _BROKERS["redis"], "--bind", self.machine.address, "--protected-mode", "no", "--save", "", "--dir",
            self._folder, log=self._folder / "log",
        )  # fmt: skip
        listens(self.machine.address, 6379, process)

    def kill(self) -> None:
        """And all it knew."""
        self.machine.kill()


BROKERS: dict[str, Callable[[Machine, Path], Server]] = {"rabbitmq": RabbitMQ, "redis": Redis}


class SeaweedFS:
    """A server with one empty bucket."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine, self._folder = machine, folder
        self.endpoint = f"http://{machine.address}:8333"
        self.url = "s3://kho/ban-goc"
        (folder / "kept").mkdir(parents=True)
        self.start()
        urllib.request.urlopen(urllib.request.Request(f"{self.endpoint}/kho", method="PUT"))

    def start(self) -> None:
        """With all it has."""
        address = self.machine.address
        process = self.machine.run(
            WEED, "server", f"-dir={self._folder / 'kept'}", "-s3", f"-ip={address}", f"-ip.bind={address}",
            "-s3.port.lance=0", "-s3.port.iceberg=0", "-master.telemetry=false", "-master.volumeSizeLimitMB=64",
            "-volume.max=20", log=self._folder / "log", environment={"GOMAXPROCS": "1"},
        )  # fmt: skip
        listens(address, 8333, process)

    def kill(self) -> None:
        """Every process of it."""
        self.machine.kill()

    def keys(self) -> dict[str, str]:
        """What S3 programs look for in the environment."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip


def without_vanthu() -> dict[str, str]:
    """The environment without what is set of this archive's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("VANTHU_")}
