"""What the product is installed with may be given on; docs/decisions.md has the reason of each direct dependency."""

import re
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PERMISSIVE = r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|ZPL|Zope|HPND|Zlib|CC0|Unlicense|0BSD"
WEAK = {  # share-alike for changes of the package itself: used unmodified, as its own wheel
    "requirements.lock": {"psycopg": "LGPL-3.0", "psycopg-binary": "LGPL-3.0"},
    "requirements-test.lock": {
        "certifi": "MPL-2.0", "hypothesis": "MPL-2.0", "pathspec": "MPL", "pikepdf": "MPL-2.0", "zeroconf": "LGPL-2.1",
    },
    "requirements-signatures.lock": {"certifi": "MPL-2.0"},
    "requirements-discovery.lock": {"zeroconf": "LGPL-2.1"},
    "requirements-s3.lock": {},
    "requirements-celery.lock": {},
}  # fmt: skip
SAYS_NOTHING = {"axe-playwright-python": "MIT"}  # its licence file says so; the axe-core inside is MPL-2.0


def locked(lock):
    return re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / lock).read_text(), re.MULTILINE)


def licence(name):
    """What the distribution itself says, in one line."""
    about = metadata.metadata(name)
    classified = [line for line in about.get_all("Classifier") or [] if line.startswith("License :: OSI")]
    free = (about.get("License") or "").splitlines()[:1]
    said = [about["License-Expression"]] if "License-Expression" in about else classified or free
    return " ".join(said) or SAYS_NOTHING.get(name, "")


def refused(name, said, weak):
    """Why this licence cannot be taken, or None."""
    if re.search(r"(?<!L)A?GPL|(?<!Lesser )General Public License", said):
        return f"{name}: {said}"
    if re.search(r"LGPL|Lesser|MPL|Mozilla", said):
        return None if name in weak else f"{name}: {said}, and no reason in WEAK"
    return None if re.search(PERMISSIVE, said) else f"{name}: {said or 'says nothing'}"


@pytest.mark.parametrize("lock", sorted(WEAK))
def test_every_locked_distribution_may_be_given_on(lock):
    installed = {d.name.lower().replace("_", "-") for d in metadata.distributions()}
    names = [name for name in locked(lock) if name in installed]
    assert len(names) > len(locked(lock)) * 0.8, "most of the lock is not installed: nothing was checked"
    assert [why for name in names if (why := refused(name, licence(name), WEAK[lock]))] == []


@pytest.mark.parametrize(
    "said", ["GPL-3.0-only", "AGPL-3.0", "GNU General Public License v3 (GPLv3)", "Proprietary", ""]
)
def test_a_licence_that_binds_the_product_is_refused(said):
    assert refused("thing", said, {})


def test_a_weak_licence_needs_its_reason():
    assert refused("thing", "LGPL-3.0-only", {})
    assert refused("psycopg", "LGPL-3.0-only", {"psycopg": ""}) is None


def test_each_direct_dependency_has_its_reason():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    names = [re.split(r"[\[<>=~ ]", line)[0] for line in setup["options"]["install_requires"].split("\n") if line]
    table = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    assert [name for name in names if not re.search(rf"^\| {re.escape(name)} \| .+ \| .+ \|$", table, re.M)] == []


def test_the_project_has_a_licence_of_its_own():
    assert "MIT" in (ROOT / "LICENSE").read_text()
