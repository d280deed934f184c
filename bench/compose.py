"""deploy/compose.yaml tried: all its services, a paper from upload to search and back, upgrade, and roll-back.

    python -m bench compose [--old REF] [--built DIR] [--logs DIR]

Each service runs in a network of its own over a read-only root, as its own unprivileged user, with the environment and
the command of the file, the program built of the last commit by the Dockerfile's lines (bench/_containers.py says how,
and what that does not try). A paper is handed in, read by the workers, registered, found and fetched again; every
health check is run as it is written. With `--old REF` the services begin with the code of that commit, are upgraded to
this one and brought back as docs/operations.md says. Status 1 when anything was otherwise; 2 where it cannot be tried.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import io
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench import _containers, _engines, _machines
from bench._apart_faults import wait
from bench._containers import Project, built, own_words
from bench._machines import Network
from server import demo

APP = ("web", "worker", "scrub")
_STRANGER = """
import socket, urllib.error, urllib.request
try:
    urllib.request.urlopen("http://store:8333/vanthu?list-type=2")
except urllib.error.HTTPError as error:
    print(error.code)
for port in (8888, 9333, 8080):
    with socket.socket() as line:
        print(port, "open" if line.connect_ex(("store", port)) == 0 else "refused")
"""
"""Whether the store says anything to one who has no key, by its S3 door or another."""
PASSWORD = "mat-khau-cua-huong"


class Client:
    """A program that hands papers in, with a key."""

    def __init__(self, address: str, key: str) -> None:
        self._address, self._key = address, key

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> tuple[int, Any]:
        """(status, answer): of JSON what it says, else its bytes."""
        line = http.client.HTTPConnection(self._address, 8080, timeout=60)
        line.request(method, path, body, {"Authorization": f"Bearer {self._key}", "Content-Type": kind})
        answer = line.getresponse()
        content = answer.read()
        line.close()
        is_json = "json" in (answer.getheader("Content-Type") or "")
        return answer.status, json.loads(content) if is_json else content

    def hand_in(self, content: bytes) -> str:
        """The id of the scan."""
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        form = "multipart/form-data; boundary=x"
        status, said = self.ask("POST", "/api/v1/scans", head + content + b"\r\n--x--\r\n", form)
        need(status in (200, 202), f"handed in: {status} {said}")
        return str(said["id"])

    def read(self, scan: str) -> str:
        """The id of its document, once it was read."""

        def is_read() -> bool:
            return self.ask("GET", f"/api/v1/scans/{scan}")[1]["scan"]["status"] == "review"

        wait(is_read, "the paper read", 300)
        return str(self.ask("GET", f"/api/v1/scans/{scan}")[1]["documents"][0]["id"])

    def finds(self, words: str, document: str) -> bool:
        """Whether a search names it."""
        return document in json.dumps(self.ask("GET", f"/api/v1/search?q={quote(words)}")[1])


def need(is_so: object, what: str) -> None:
    """RuntimeError where it is not."""
    if not is_so:
        raise RuntimeError(what)


def step(says: str, do: Callable[[], Any]) -> Any:
    """Do it, and print how long it took."""
    began = time.monotonic()
    done = do()
    print(f"{says:66} {time.monotonic() - began:6.1f} s", flush=True)
    return done


def drawn(number: int) -> tuple[bytes, str]:
    """A page, and words that stand on it."""
    paper, out = demo.papers()[number], io.BytesIO()
    demo.draw(paper, dpi=150)[0].save(out, "PNG")
    return out.getvalue(), " ".join(demo.recognised(demo.samples()[number]).split()[:4])


def walls(project: Project) -> None:
    """Nobody is root, and nobody can write where its program lies."""
    for name, one in project.running.items():
        for pid in one.pids():
            said = Path(f"/proc/{pid}/status").read_text()
            facts = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
            need("0" not in facts["Uid"].split(), f"{name}: a process of root")
            need(int(facts["CapEff"], 16) == 0 and facts["NoNewPrivs"] == "1", f"{name}: a process with powers")
        for place in ("/", "/usr", "/etc", *((_containers.CODE,) if name.startswith(APP) else ())):
            said = one.run("sh", "-c", f"touch {place}/x 2>&1 && echo written", check=False)
            need("written" not in said, f"{name} can write into {place}")


def whole_way(client: Client, number: int) -> tuple[str, str]:
    """Handed in, read, registered, found, fetched: (scan, document)."""
    content, _ = drawn(number)
    scan = step("handed in", lambda: client.hand_in(content))
    document = step("read by the workers", lambda: client.read(scan))
    body = json.dumps({"arrived_on": "2026-11-22", "number": number + 1, "begin": number == 0}).encode()
    status, entry = client.ask("POST", f"/api/v1/documents/{document}/register", body)
    need(status == 200, f"registered: {status} {entry}")
    step("found by its words", lambda: wait(lambda: client.finds(_words(client, document), document), "found"))
    status, original = client.ask("GET", f"/api/v1/scans/{scan}/original")
    need(status == 200 and hashlib.sha256(original).digest() == hashlib.sha256(content).digest(), "the original")
    return scan, document


def _words(client: Client, document: str) -> str:
    """What was read of its number, or of its subject."""
    fields = client.ask("GET", f"/api/v1/documents/{document}")[1]["fields"]
    said = {name: one["value"] if isinstance(one, dict) else one for name, one in fields.items()}
    return str(said.get("code") or said.get("subject"))


def come_up(project: Project, code: Path) -> Client:
    """Everything started, an administrator, a key."""
    step("up: every service healthy", lambda: project.up(code))
    project.exec("web", "vanthu", "user", "add", "huong", "--role", "clerk", "--password", PASSWORD)
    key = project.exec("web", "vanthu", "token", "new", "may", "--user", "huong", "--scopes", "read,write")
    return Client(project.running["web"].machine.address, key.splitlines()[0])


def looks(project: Project) -> None:
    """What the operator's own commands say."""
    said = project.exec("worker", "celery", "-A", "archive.jobs.celery_app", "inspect", "-t", "5", "ping")
    need(said.count("pong") == 2, f"both workers answer Celery: {said}")
    said = project.exec("web", "vanthu", "check")
    need("LỖI" not in said, f"vanthu check: {said}")
    address = project.running["web"].machine.address
    for key, wanted in ((project.words["METRICS_TOKEN"], 200), ("x" * 32, 403)):
        need(Client(address, key).ask("GET", "/metrics")[0] == wanted, f"/metrics says {wanted}")
    said = project.exec("web", "python", "-c", _STRANGER)
    need("403" in said and "open" not in said, f"the store without its key: {said}")


def upgrade_and_back(project: Project, client: Client, old: Path, new: Path) -> None:
    """As docs/operations.md says under "A new version, and back"."""
    scan, document = whole_way(client, 0)
    project.stop(*APP)
    step("upgraded, every service healthy", lambda: project.up(new))
    copies = project.exec("web", "sh", "-c", "ls /data/before-upgrade").split()
    need(len(copies) == 1, f"one copy of the database from before: {copies}")
    need(client.finds(_words(client, document), document), "the paper from before is found")
    later, _ = whole_way(client, 1)
    project.stop(*APP)
    project.exec("db", "createdb", "-h", "127.0.0.1", "-U", "vanthu", "vanthu_back")
    project.words["DB_NAME"] = "vanthu_back"
    back = project.container("upgrade", "back", old)
    back.run("sh", "-c", "mkdir -p /data/away && mv /data/derived /data/away/")
    step("restored", lambda: back.run("vanthu", "restore", f"/data/before-upgrade/{copies[0]}"))
    step("back: every service healthy", lambda: project.up(old))
    need(client.ask("GET", f"/api/v1/scans/{scan}")[0] == 200, "the first paper is there")
    need(client.ask("GET", f"/api/v1/scans/{later}")[0] == 404, "the second one is not")
    need(client.finds(_words(client, document), document), "the first paper is found")
    client.read(client.hand_in(drawn(1)[0]))
    project.stop(*APP)
    step("upgraded once more", lambda: project.up(new))
    need("LỖI" not in project.exec("web", "vanthu", "check", "--deep"), "vanthu check --deep")


def tried(network: Network, folder: Path, ref: str | None, kept: Path) -> None:
    project = Project(network, folder, own_words())
    new = step("built from the Dockerfile's lines", lambda: built("HEAD", kept / "new"))
    old = step(f"{ref} built so", lambda: built(str(ref), kept / "old")) if ref else new
    client = come_up(project, old)
    step("no root, nothing to write", lambda: walls(project))
    if ref:
        upgrade_and_back(project, client, old, new)
    else:
        whole_way(client, 0)
    step("the operator's commands", lambda: looks(project))
    step("all stopped", lambda: project.stop(*told_services(project)))


def told_services(project: Project) -> list[str]:
    return list(_containers.told(project.words)["services"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench compose")
    parser.add_argument("--old", metavar="REF", help="begin with this commit, upgrade, go back, upgrade again")
    parser.add_argument("--built", type=Path, help="where what was built is kept, and taken from when it is there")
    parser.add_argument("--logs", type=Path, help="where the services' logs are to be copied")
    given = parser.parse_args()
    if why := _machines.missing() or _engines.missing("rabbitmq") or _containers.missing():
        print(f"compose.yaml cannot be tried here: {why}.")
        sys.exit(2)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    with tempfile.TemporaryDirectory(prefix="vanthu-compose-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        network = Network(folder)
        try:
            tried(network, folder, given.old, given.built or folder)
        finally:
            network.close()
            if given.logs:
                given.logs.mkdir(parents=True, exist_ok=True)
                for log in folder.glob("*.log"):
                    shutil.copy(log, given.logs)
    print("all as compose.yaml and docs/operations.md say")


if __name__ == "__main__":
    main()
