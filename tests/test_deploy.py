"""What is deployed is what is tested: versions, packages, settings and metrics in deploy/ are the project's."""

import configparser
import dataclasses
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from archive import metrics
from archive.config import Settings
from archive.tally import DEATH, REQUEST, STEP, Tally
from archive.version import VERSION

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
RULES = yaml.safe_load((DEPLOY / "prometheus" / "vanthu.rules.yml").read_text(encoding="utf-8"))
BOARD = json.loads((DEPLOY / "grafana" / "vanthu.json").read_text(encoding="utf-8"))
ONLY_IN_AN_IMAGE = {"bubblewrap", "ca-certificates"}
"""A whole system has them, or may do without: walls around the decoders, whom to trust in the network."""
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]


def told():
    """All text of deploy/ by file."""
    return {file: file.read_text(encoding="utf-8") for file in sorted(DEPLOY.rglob("*")) if file.is_file()}


def unit(file):
    """{section: [(name, value)]} of a unit: a name may stand twice."""
    sections, lines = {}, None
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            lines = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals and lines is not None, line
            lines.append((name, value))
    return sections


# ------------------------------------------------------------------------------------------------ versions


def test_the_image_has_the_packages_that_run_asks_for():
    asked = set(re.findall(r"(?<=echo )[a-z0-9 -]+", (ROOT / "run").read_text().split("install_packages()")[0]))
    always = {word for line in asked for word in line.split()} & {
        "python3", "python3-venv", "tesseract-ocr", "tesseract-ocr-vie"
    }  # fmt: skip
    assert len(always) == 4
    stages = DOCKERFILE.split("\nFROM ")[1:]
    first, last = (
        set(re.search(r"--no-install-recommends ([^\\\n]+)", stage).group(1).split()) - {"&&"} for stage in stages
    )
    assert first | last == always | ONLY_IN_AN_IMAGE
    assert last == always - {"python3-venv"} | ONLY_IN_AN_IMAGE  # nothing that installs Python packages stays


def test_the_image_installs_what_is_locked_and_nothing_else():
    locks = set(re.findall(r"-r (requirements[\w-]*\.lock)", DOCKERFILE))
    assert {"requirements.lock"} < locks and all((ROOT / lock).is_file() for lock in locks)
    extras = configparser.ConfigParser()
    extras.read(ROOT / "setup.cfg")
    named = {lock.removeprefix("requirements-").removesuffix(".lock") for lock in locks - {"requirements.lock"}}
    assert named <= set(extras["options.extras_require"])
    copied = re.search(r"COPY (requirements.*) \./", DOCKERFILE).group(1).split()
    assert set(copied) == locks
    assert len(re.findall("pip install", DOCKERFILE)) == 2
    for command in re.findall(r"pip install[^&]*", DOCKERFILE):
        assert "--no-deps" in command and ("--require-hashes" in command or command.rstrip().endswith("-e ."))


def test_the_image_is_of_the_system_and_the_version_that_are_meant():
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"debian:12-slim"}  # its Python is 3.11
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert config["options"]["python_requires"] == ">=3.11"
    assert COMPOSE["x-vanthu"]["image"] == f"vanthu:{VERSION}" and f"vanthu:{VERSION}" in DOCKERFILE
    assert all(":" in one["image"] and "latest" not in one["image"] for one in COMPOSE["services"].values())


def test_what_the_image_copies_is_there_and_let_through():
    copied = {
        word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()
    }
    assert all((ROOT / name).exists() for name in copied)
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    through = {path.name for line in lines if line.startswith("!") for path in ROOT.glob(line[1:])}
    assert copied <= through
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    packages = {name.rstrip("*") for name in config["options.packages.find"]["include"].split()}
    assert packages <= copied


# ------------------------------------------------------------------------------------------------ settings


def test_every_setting_that_is_named_exists():
    known = {f"VANTHU_{one.name.upper()}" for one in dataclasses.fields(Settings)}
    documented = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for file, text in told().items():
        for name in set(re.findall(r"\bVANTHU_[A-Z_]*[A-Z]", text)):
            assert name in known and f"`{name}`" in documented, (file.name, name)


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_every_command_that_is_run_exists(file):
    from server.cli import COMMANDS

    commands = [value for name, value in unit(file)["Service"] if name == "ExecStart"]
    assert commands and all(
        re.match(r"/opt/vanthu/\.venv/bin/vanthu (\S+)", one).group(1) in COMMANDS for one in commands
    )
    services = [one["command"] for one in COMPOSE["services"].values() if "command" in one]
    assert all(words[0] == "vanthu" and words[1] in COMMANDS for words in services)


# ------------------------------------------------------------------------------------------------ walls


def walls(file):
    text = file.read_text(encoding="utf-8")
    return text[text.index("# --- walls") :].partition("\n[")[0].strip()


def test_every_unit_stands_behind_the_same_walls():
    assert len({walls(file) for file in UNITS}) == 1
    service = dict(unit(UNITS[0])["Service"])
    assert service["User"] == "vanthu" and service["CapabilityBoundingSet"] == ""
    for name in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "RestrictSUIDSGID"):
        assert service[name] == "yes"
    assert service["ProtectSystem"] == "strict"


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_units_bound_their_memory_and_wait_for_workers(file):
    service = dict(unit(file)["Service"])
    assert service["MemoryMax"] and service["TasksMax"]
    if service.get("Type") == "exec":
        from archive.jobs.worker import GRACE
        from server.supervisor import DRAIN

        patience = DRAIN if file.name == "vanthu.service" else GRACE
        assert int(service["TimeoutStopSec"]) > patience + 10 and service["KillMode"] == "mixed"
        assert service["OOMPolicy"] == "continue" and service["RestartPreventExitStatus"] == "2"


def test_units_pass_the_system_s_own_check(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("other things: systemd is not installed")
    for file in (DEPLOY / "systemd").iterdir():  # the program lies elsewhere here
        text = file.read_text(encoding="utf-8").replace("/opt/vanthu/.venv/bin/vanthu", shutil.which("true"))
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))], capture_output=True, text=True
    )
    assert [line for line in done.stderr.splitlines() if "vanthu" in line] == []


def test_containers_may_do_little():
    for name, one in COMPOSE["services"].items():
        if name == "db":
            continue
        assert one["read_only"] and one["cap_drop"] == ["ALL"] and "no-new-privileges:true" in one["security_opt"]
        assert one["hostname"] == "vanthu"  # what they count is added up
        assert one["mem_limit"] and one["pids_limit"] and set(one["networks"]) <= {"inside", "outside"}
    assert COMPOSE["networks"]["inside"]["internal"] and COMPOSE["services"]["worker"]["networks"] == ["inside"]
    assert all(port.startswith("127.0.0.1:") for port in COMPOSE["services"]["web"]["ports"])
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE) and "/readyz" in DOCKERFILE


@pytest.mark.parametrize(("file", "size"), [("nginx.conf", "201m"), ("Caddyfile", "201MiB")])
def test_proxies_let_the_largest_upload_through_and_hide_the_counts(file, size):
    text = (DEPLOY / file).read_text(encoding="utf-8")
    assert size == f"{Settings().max_upload_mb + 1}{size.lstrip('0123456789')}" and f" {size}" in text
    assert "/metrics" in text and "VANTHU_TRUSTED_PROXIES=1" in text


# ------------------------------------------------------------------------------------------------ watching


@pytest.fixture
def known(settings, office_sessions):
    """{name of a sample: its labels} of everything /metrics can say."""
    from archive import doors
    from archive.blobs import open_blobs
    from tests.archive.test_metrics import receive

    tally = Tally(settings.data)
    for family, labels in ((REQUEST, ("/", "GET", "2xx")), (STEP, ("read", "done")), (DEATH, ("work",))):
        tally.count(family, labels)
    doors.tell(settings.data, doors.FOLDER, 0)
    receive(office_sessions, settings, 1)
    said = metrics.text(metrics.everything(settings, office_sessions, open_blobs("file:", settings.data), tally))
    tally.close()
    samples = {}
    for family in text_string_to_metric_families(said):
        for one in family.samples:
            samples.setdefault(one.name, set()).update(one.labels)
        samples.setdefault(family.name if family.type != "counter" else f"{family.name}_total", set())
    samples |= {"vanthu_documents": {"status"}, "vanthu_refusals_total": {"reason", "source"},
                "vanthu_register_numbers_total": {"book"}}  # fmt: skip
    return samples


def expressions():
    yield from ((rule["alert"], rule["expr"]) for rule in ALERTS)
    yield from ((panel["title"], target["expr"]) for panel in BOARD["panels"] for target in panel.get("targets", []))


def test_alerts_and_panels_ask_for_what_is_told(known):
    asked = set()
    for where, expression in expressions():
        names = re.findall(r"\bvanthu_\w+", expression)
        assert names or expression.startswith("up{"), where
        assert [name for name in names if name not in known] == [], where
        labels = {label for name in names for label in known[name]} | {"instance", "job"}
        used = {label for given in re.findall(r"\{([^}]*)\}", expression) for label in re.findall(r"(\w+)[=!]", given)}
        used |= {label for given in re.findall(r"by \(([^)]*)\)", expression) for label in given.split(", ")}
        assert used <= labels, where
        asked |= {re.sub("_(bucket|sum|count)$", "", name) for name in names}
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in known if not name.endswith("_created")}
    assert families - asked == set()  # what is told is also looked at


def test_every_alert_says_what_happened_and_what_to_do():
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS) >= 15
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert len(rule["annotations"]["todo"]) > 40 and rule["annotations"]["summary"].endswith(".")
        assert f"`{rule['alert']}`" in operations, rule["alert"]


def test_the_document_names_every_metric_and_every_file(known):
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in known}
    assert [name for name in sorted(families) if f"`{name}" not in operations] == []
    assert [file.name for file in told() if file.name not in operations] == []
