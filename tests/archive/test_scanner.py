"""The door of the scanner, the real thing on the other side: SANE's test device, an eSCL scanner on loopback, mDNS.

Each door is killed in the middle: what was shown is kept, nothing is lost, nothing comes in twice.
"""

import contextlib
import dataclasses
import datetime as dt
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pypdfium2
import pytest
import sqlalchemy as sa
from PIL import Image

from archive import people
from archive.blobs import open_blobs
from archive.errors import BadValue, Conflict, NotFound, ScanTooLarge
from archive.models import Event, Scan, now
from archive.plates import bare_jpeg
from archive.scanner import Device, Ended, Wanted, allowed, discovery, escl, facts, finding, handing, sane
from archive.scanner.batch import Batch, Leaf, files
from archive.scanner.folders import Batches, Run
from archive.scanner.runs import Runs
from tests.archive import escl_stub
from tests.archive.escl_stub import jpeg

ROOT = Path(__file__).parents[2]
PATIENCE = 300
FEEDER = 10
"""Pages in the feeder of SANE's test device."""


@pytest.fixture
def test_device(tmp_path, monkeypatch):
    """SANE with its test device alone; its name."""
    if shutil.which(sane.PROGRAM) is None:
        pytest.skip("scanimage is not installed (sane-utils)")
    folder = tmp_path / "sane"
    folder.mkdir()
    (folder / "dll.conf").write_text("test\n")
    monkeypatch.setenv("SANE_CONFIG_DIR", str(folder))
    return "test:0"


@pytest.fixture
def office(settings, office_sessions):
    """An archive with a clerk, and her scanners; what a test says in the verbs of the desk."""
    with office_sessions.begin() as session:
        clerk = people.add_user(session, "van", "clerk", None, "mat khau dai")
        session.expunge(clerk)
    return Office(settings, office_sessions, clerk)


class Office:
    def __init__(self, settings, sessions, clerk):
        self.settings, self.sessions, self.clerk = settings, sessions, clerk
        self.blobs = open_blobs(settings.blobs, settings.data)
        self.batches = Batches(settings.data)
        self.runs = Runs(settings, self.batches)

    def begin(self, device, source="feeder", dpi=150, colour="grey", **choices):
        return self.batches.begin(Batch("", self.clerk.id, "", Wanted(device, source, dpi, colour), **choices))

    def scan(self, batch, **settings):
        """Run the scanner to its end; how it ended."""
        Runs(dataclasses.replace(self.settings, **settings), self.batches).start(batch)
        until(lambda: not self.batches.is_held(batch))
        return self.batches.run(batch)

    def killed(self, batch, pages, **settings):
        """Kill -9 the scanning child once it has kept so many pages; what is shown then."""
        runs = Runs(dataclasses.replace(self.settings, **settings), self.batches)
        runs.start(batch)
        until(lambda: len(self.batches.leaves(batch)) >= pages)
        os.kill(runs.children[batch.id].pid, signal.SIGKILL)
        until(lambda: not self.batches.is_held(batch))
        return self.batches.leaves(batch)

    def receive(self, batch):
        return handing.hand_in(self.batches, batch, self.sessions, self.blobs, self.settings, user=self.clerk)

    def sweep(self):
        return handing.sweep(self.batches, self.sessions, self.blobs, self.settings)

    def scans(self):
        with self.sessions() as session:
            return list(session.scalars(sa.select(Scan).order_by(Scan.filename)))

    def pdf(self, scan):
        return pypdfium2.PdfDocument(self.blobs.path(scan.sha256))


def until(ready):
    end = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def images(pdf):
    """The JPEG of each page, as it stands in the file."""
    found = []
    for page in pdf:
        out = io.BytesIO()
        next(iter(page.get_objects())).extract(out)
        found.append(out.getvalue())
    return found


def test_a_feeder_killed_in_the_middle_is_scanned_on_and_received_once(test_device, office):
    batch = office.begin(f"sane:{test_device}")
    slow = "--test-picture=Grid --read-delay=yes --read-delay-duration=15000"
    kept = office.killed(batch, 2, scanimage_options=slow)
    assert office.batches.run(batch).why == "crashed" and 2 <= len(kept) < FEEDER
    assert office.scan(batch, scanimage_options="--test-picture=Grid") == Run(
        "done", FEEDER
    )  # out of documents: the end
    pages = office.batches.leaves(batch)
    assert pages[: len(kept)] == kept and len(pages) == len(kept) + FEEDER
    assert [one.facts.number for one in pages] == list(range(1, len(pages) + 1))
    office.batches.change(batch, 1, "out")
    assert office.receive(batch) == office.receive(batch)
    (scan,) = office.scans()
    assert (scan.source, scan.received_by, scan.media_type) == ("scanner", "van", "application/pdf")
    pdf = office.pdf(scan)
    assert len(pdf) == len(pages) - 1 and round(pdf[0].get_width() / 72 * 25.4) == 200  # mm, as wide as the device
    assert not list(office.batches.folder(batch.id).glob("0*"))


AFTER_INTAKE = """
import os, signal, sys
from pathlib import Path
import sqlalchemy as sa
from sqlalchemy.orm import Session
from archive import config, database
from archive.blobs import open_blobs
from archive.models import User
from archive.scanner import handing
from archive.scanner.folders import Batches
settings = config.load()
sessions = database.sessions(database.open_engine(settings.database_url))
with sessions() as session:
    clerk = session.scalars(sa.select(User)).one()
batches = Batches(settings.data)
batch = batches.find(sys.argv[1], clerk.id)
sa.event.listen(Session, "after_commit", lambda _: os.kill(os.getpid(), signal.SIGKILL))
handing.hand_in(batches, batch, sessions, open_blobs(settings.blobs, settings.data), settings, user=clerk)
"""


def test_a_batch_killed_between_intake_and_mark_is_received_once(office):
    scanner = escl_stub.Scanner([jpeg(n) for n in range(1, 5)])
    with escl_stub.serving(scanner) as url:
        batch = office.begin(f"escl:{url}", dpi=200, files="2")
        assert office.scan(batch) == Run("done", 4)
    environment = {**os.environ, "VANTHU_DATA": str(office.settings.data), "VANTHU_RESERVE_MB": "1"}
    done = subprocess.run([sys.executable, "-c", AFTER_INTAKE, batch.id], cwd=ROOT, env=environment)
    assert done.returncode == -signal.SIGKILL
    assert [scan.filename.endswith("(1).pdf") for scan in office.scans()] == [True]
    with pytest.raises(Conflict):  # what was half handed in is not changed any more
        office.batches.change(batch, 2, "out")
    week_ago = time.time() - 8 * 86400
    for path in office.batches.folder(batch.id).iterdir():
        os.utime(path, (week_ago, week_ago))
    assert office.sweep() == 1, "nobody came back to it: it is handed in to the end"
    assert not list(office.batches.folder(batch.id).glob("*.jpg"))
    office.receive(batch)
    assert [len(office.pdf(scan)) for scan in office.scans()] == [2, 2]
    assert {scan.received_by for scan in office.scans()} == {office.clerk.name}
    with office.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Event.action == "received")) == 2


def test_a_network_scanner_killed_and_jammed_gives_every_page_once_and_as_it_was(office):
    sheets = [jpeg(n, blank=n % 2 == 0) for n in range(1, 9)]
    scanner = escl_stub.Scanner([*sheets[:2], *sheets[2:6]])
    with escl_stub.serving(scanner) as url:
        batch = office.begin(f"escl:{url}", "duplex", 200, "colour")
        scanner.feeder.insert(2, b"")  # nothing comes: the child waits for the third page
        scanner.next = held_at_nothing(scanner)
        assert len(office.killed(batch, 2)) == 2
        scanner.state, scanner.feeder = "Idle", [*sheets[2:5], None]  # it has given up the job nobody asked for more of
        assert office.scan(batch) == Run("jam", 3) and office.batches.halved(batch) == 5
        scanner.adf, scanner.feeder = None, sheets[4:]  # the sheet that jammed is put back, its front comes again
        assert office.scan(batch) == Run("done", 4)
        assert escl_stub.asked_for(scanner.settings[0], "Duplex") == "true" and "RGB24" in scanner.settings[0]
        assert scanner.asked[-1].startswith("DELETE")
    pages = office.batches.leaves(batch)
    assert [one.facts.is_blank for one in pages] == [False, True, False, True, False, *[False, True] * 2]
    assert [one.facts.sheet for one in pages] == [1, 1, 2, 2, 3, 4, 4, 5, 5] and pages[4].out
    office.batches.change(batch, 9, "in")
    office.receive(batch)
    (scan,) = office.scans()
    wanted = [sheets[n] for n in (0, 2, 4, 6, 7)]
    assert images(office.pdf(scan)) == [bare_jpeg(one) for one in wanted]  # to the last bit of the scanner's pixels


def held_at_nothing(scanner):
    """The scanner's next page; where that is no page, none for a long time."""
    of_feeder = scanner.next

    def next_page():
        if scanner.feeder and scanner.feeder[0] == b"":
            time.sleep(3)
            return 503, {}, b""
        return of_feeder()

    return next_page


@pytest.mark.parametrize(
    ("status", "why"),
    [("JAMMED", "jam"), ("COVER_OPEN", "cover"), ("DEVICE_BUSY", "busy"), ("NO_DOCS", "empty"), ("IO_ERROR", "gone"),
     ("ACCESS_DENIED", "refused"), ("UNSUPPORTED", "trouble"), ("NO_MEM", "trouble")],
)  # fmt: skip
def test_each_fault_of_a_device_has_its_name(test_device, tmp_path, status, why):
    wanted, fault = Wanted(f"sane:{test_device}", "feeder", 150, "grey"), f"--read-return-value=SANE_STATUS_{status}"
    assert sane.scan(test_device, wanted, tmp_path, 50, [fault], lambda: False, Path.unlink) == Ended(why, 0)


def test_a_device_that_is_gone_and_one_without_paper_are_told_apart(test_device, tmp_path):
    known = {one.id: one for one in sane.devices()}
    assert known["sane:test:0"].sources == ("feeder", "flatbed") and 300 in known["sane:test:0"].resolutions
    with pytest.raises(sane.Sent, match="gone"):
        sane.options("test:9")
    with pytest.raises(sane.Sent, match="setting"):  # it has no second side
        list(sane.arguments(sane.options(test_device), Wanted(f"sane:{test_device}", "duplex")))
    one = Wanted(f"sane:{test_device}", "flatbed", 150, "colour")
    assert sane.scan(test_device, one, tmp_path, 50, [], lambda: False, Path.unlink) == Ended("done", 1)
    assert sane.scan(test_device, one, tmp_path, 50, [], lambda: True, Path.unlink) == Ended("stopped", 0)


SWITCH = "    --source ADF|Flatbed [ADF]\n    --duplex[=(yes|no)] [no]\n"
SOURCE = "    --source Flatbed|ADF Front|ADF Duplex [Flatbed]\n    --mode Lineart|Gray|Color [Gray]\n"
MODE = "    --source Flatbed|Automatic Document Feeder [Flatbed]\n    --adf-mode Simplex|Duplex [Simplex]\n"
OFF = "    --source Flatbed|Automatic Document Feeder [Flatbed]\n    --adf-mode Simplex|Duplex [inactive]\n"


@pytest.mark.parametrize(
    ("said", "told"),
    [(SWITCH, ["--source=ADF", "--duplex=yes"]), (SOURCE, ["--source=ADF Duplex", "--mode=Color"]),
     (MODE, ["--source=Automatic Document Feeder", "--adf-mode=Duplex"]), (OFF, None)],
)  # fmt: skip
def test_both_sides_are_asked_for_as_each_maker_wants_it(said, told):
    known = sane.told(said)
    if told is None:
        assert "duplex" not in sane.offers(known)[0]
    else:
        assert list(sane.arguments(known, Wanted("sane:x", "duplex"))) == told and "duplex" in sane.offers(known)[0]


def test_resolutions_are_those_a_device_has():
    assert sane.nearest("75|150|300|600dpi", 200) == 150 and sane.nearest("50..1200dpi (in steps of 1)", 200) == 200


def test_what_a_network_scanner_can_is_asked_of_it_over_tls_too(tmp_path):
    with escl_stub.serving(escl_stub.Scanner(), escl_stub.self_signed(tmp_path / "own.pem")) as url:
        device = escl.device(url)
    assert (device.name, device.trouble) == ("Giấy Tốt MFP 420 (127.0.0.1)", "")
    assert device.sources == ("feeder", "duplex", "flatbed") and device.resolutions == (200, 300)
    assert escl.device(url).trouble == "gone"  # switched off since


BOMB = b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><a>&c;</a>'


@pytest.mark.parametrize(
    ("body", "why"), [(BOMB, "strange"), (b"<html>", "strange"), (b" " * (escl.XML + 1), "strange")]
)
def test_what_is_no_scanner_is_not_believed(body, why):
    stranger = escl_stub.Scanner()
    stranger.answer = lambda *_: (200, {}, body)
    with escl_stub.serving(stranger) as url:
        assert escl.device(url).trouble == why


def test_silent_and_odd_scanners_hide_no_other(monkeypatch):
    monkeypatch.setattr(escl, "ABLE", 1.0)
    monkeypatch.setattr(sane, "devices", lambda: [Device("sane:x", "x")])
    odd, able = escl_stub.Scanner(), escl_stub.Scanner()
    number = b"<c><XResolution>" + b"9" * 6000 + b"</XResolution><XResolution>200</XResolution></c>"
    odd.answer = lambda *_: (200, {}, number)
    with escl_stub.serving(odd) as strange, escl_stub.serving(able) as good, contextlib.ExitStack() as open_still:
        silent = [open_still.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(7)]
        urls = [f"http://127.0.0.1:{one.getsockname()[1]}/eSCL" for one in silent]
        found = finding.every([*urls, strange, good], {})
    assert [one.trouble for one in found] == ["", *["gone"] * 7, "", ""]
    assert found[-2].resolutions == (200,) and found[-1].resolutions == (200, 300)


def test_a_scanner_leads_the_server_nowhere_else_and_its_broken_pages_spoil_no_other(office):
    wide = io.BytesIO()
    Image.new("L", (30, 30), 255).save(wide, "JPEG")
    vast = wide.getvalue().replace(b"\x00\x1e\x00\x1e", b"\xff\xdc\xff\xdc")  # it says it has 65,500 × 65,500 pixels
    scanner = escl_stub.Scanner([jpeg(1), b"\xff\xd8\xff" + b"x" * 500, vast, jpeg(4)])
    other = escl_stub.Scanner()
    with escl_stub.serving(scanner) as url, escl_stub.serving(other) as elsewhere:
        scanner.location = elsewhere.replace("/eSCL", "/eSCL/ScanJobs/7")
        batch = office.begin(f"escl:{url}", dpi=200)
        assert office.scan(batch) == Run("done", 4)
        assert other.asked == [] and "GET /eSCL/ScanJobs/7/NextDocument" in scanner.asked
        assert [one.facts.is_broken for one in office.batches.leaves(batch)] == [False, True, True, False]
        scanner.feeder = [b"<html>sign in</html>"]
        assert office.scan(batch).why == "strange"
        scanner.feeder = []
        assert office.scan(batch).why == "empty"
    office.receive(batch)
    assert len(office.pdf(office.scans()[0])) == 2


def test_a_scanner_on_the_network_makes_itself_known():
    zeroconf = pytest.importorskip("zeroconf", reason="the extra `discovery` is not installed")
    try:
        network = zeroconf.Zeroconf(interfaces=["127.0.0.1"])
    except OSError as error:
        pytest.skip(f"no multicast on loopback here: {error}")
    told = {"rs": "eSCL", "ty": "Máy quét phòng văn thư"}
    kind, name = discovery.PLAIN, f"vanthu-{os.getpid()}.{discovery.PLAIN}"
    info = zeroconf.ServiceInfo(kind, name, 8_080, addresses=[socket.inet_aton("127.0.0.1")], properties=told)
    with network:
        network.register_service(info)
        known = discovery.Found("Máy quét phòng văn thư", "http://127.0.0.1:8080/eSCL")
        until(lambda: known in discovery.found(2.0, ["127.0.0.1"]))
        network.unregister_service(info)


@pytest.mark.parametrize(
    "url",
    ["ftp://10.0.0.1/eSCL", "http://", "http://u:p@10.0.0.1/", "http://10.0.0.1/a?b", "http://10.0.0.1/../x",
     "http://10.0.0.1:0/", "http://10.0.0.1/a b", "http://10.0.0.1/\r\nHost: x", "file:///etc/passwd", "http://a:b:c",
     "http://169.254.169.254/x", "http://[fe80::1]/x", "http://[::ffff:169.254.1.1]/x", "http://0x7f000001/x",
     "http://127.1/x", "http://2130706433/x", "http://10.0.0.010/x"],
)  # fmt: skip
def test_no_address_but_a_scanners_is_allowed(url):
    with pytest.raises(BadValue):
        allowed.checked(url)


def test_names_and_plain_addresses_of_scanners_are_allowed():
    for host in ("10.0.0.1:8080", "may-quet.so.vn", "may-quet-2", "[fd00::1]:80", "localhost"):
        assert allowed.checked(f"http://{host}/eSCL") == f"http://{host}/eSCL"


def test_an_address_is_allowed_once_by_a_person_and_that_is_written(settings, office_sessions):
    with office_sessions.begin() as session:
        allowed.allow(session, "http://10.0.0.1:8080/", "Tầng 2", actor="an")
        with pytest.raises(Conflict):
            allowed.allow(session, "http://10.0.0.1:8080/eSCL", "", actor="an")
        fixed = dataclasses.replace(settings, scanners="https://10.0.0.2/eSCL, http://10.0.0.1:8080/eSCL")
        assert allowed.urls(session, fixed) == ["https://10.0.0.2/eSCL", "http://10.0.0.1:8080/eSCL"]
        allowed.forbid(session, allowed.listed(session)[0].id, actor="an")
        assert allowed.urls(session, settings) == []
        actions = session.scalars(sa.select(Event.action).order_by(Event.seq)).all()
    assert actions == ["scanner_allowed", "scanner_forbidden"]


def leaf(number, sheet=1, *, blank=False, **done):
    return Leaf(facts.Facts(number, sheet, 300, is_blank=blank), **done)


@pytest.mark.parametrize(
    ("choice", "made"),
    [("whole", [[1, 3, 4, 5, 6]]), ("sheet", [[1], [3, 4], [5, 6]]), ("3", [[1, 3], [4, 5, 6]]),
     ("1", [[1], [3], [4], [5], [6]])],
)  # fmt: skip
def test_pages_become_files_as_it_was_chosen_and_blank_ones_drop(choice, made):
    pages = [leaf(1), leaf(2, blank=True), leaf(3, 2), leaf(4, 2), leaf(5, 3), leaf(6, 3)]
    batch = Batch("", "an", "", Wanted("sane:x", "duplex"), choice)
    assert [[one.facts.number for one in part] for part in files(batch, pages)] == made


def test_a_person_begins_and_joins_files_where_the_papers_do():
    pages = [leaf(1), leaf(2, 2, begins=True, out=True), leaf(3, 3), leaf(4, 4, begins=True), leaf(5, 5)]
    whole = Batch("", "an", "", Wanted("sane:x"))
    assert [[one.facts.number for one in part] for part in files(whole, pages)] == [[1], [3], [4, 5]]
    sheet = dataclasses.replace(whole, files="sheet")
    joined = [*pages[:1], leaf(2, 2, begins=False), *pages[2:]]
    assert [[one.facts.number for one in part] for part in files(sheet, joined)] == [[1, 2], [3], [4], [5]]


def test_a_batch_whose_server_died_says_so_and_one_too_large_stays_open(office):
    batch = office.begin("sane:x")
    (office.batches.folder(batch.id) / facts.picture(1)).write_bytes(jpeg(1))
    facts.note(office.batches.folder(batch.id), facts.Facts(1, 1, 200, 850, 1169))
    office.batches.note(batch, Run("scanning"))
    assert office.batches.run(batch).why == "broken_off" and len(office.batches.leaves(batch)) == 1
    office.settings = dataclasses.replace(office.settings, max_upload_mb=1)
    with pytest.raises(ScanTooLarge):
        office.receive(batch)
    office.batches.change(batch, 1, "right")  # it may still be changed


def test_pages_nobody_hands_in_go_after_a_week_and_that_is_written(office):
    with escl_stub.serving(escl_stub.Scanner([jpeg(1)])) as url:
        batch = office.begin(f"escl:{url}", dpi=200)
        office.scan(batch)
    assert office.batches.old(now() + dt.timedelta(days=6)) == [] != office.batches.old(now() + dt.timedelta(days=8))
    week_ago = time.time() - 8 * 86400
    for path in office.batches.folder(batch.id).iterdir():
        os.utime(path, (week_ago, week_ago))
    assert office.sweep() == 1
    with pytest.raises(NotFound):
        office.batches.find(batch.id, office.clerk.id)
    with office.sessions() as session:
        event = session.scalars(sa.select(Event).where(Event.action == "batch_swept")).one()
        assert '"pages":1' in event.data
