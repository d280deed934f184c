"""./run: what fails while the machine is set up is not taken for done."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
READ_BY_RUN = (
    "run",
    "setup.cfg",
    "pyproject.toml",
    "requirements.lock",
    "requirements-test.lock",
    "archive/version.py",
)


def script(path, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def house(tmp_path, python):
    """A checkout on a machine that has everything, whose .venv/bin/python is the script `python`."""
    home, tools = tmp_path / "house", tmp_path / "bin"
    for name in READ_BY_RUN:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, home / name)
    script(home / ".venv/bin/python", python)
    script(home / ".venv/bin/vanthu", 'echo "data=$VANTHU_DATA $*"')
    script(tools / "tesseract", "echo vie")
    script(tools / "chromium", "")
    (tmp_path / ".fonts").mkdir()
    (tmp_path / ".fonts" / "Tinos-Regular.ttf").touch()
    return home, {"PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(tmp_path)}


def run(home, env, *arguments, cwd=None):
    return subprocess.run([home / "run", *arguments], cwd=cwd or home, env=env, capture_output=True, text=True)


def test_a_failed_installation_stops_the_checks_and_is_tried_again(tmp_path):
    home, env = house(tmp_path, 'echo "$*" >>asked; exit 1')
    for times in (1, 2):
        done = run(home, env, "test")
        assert done.returncode == 1 and "== pytest" not in done.stderr
        assert not (home / ".venv/made-from").exists()
        assert (home / "asked").read_text().count("pip install") == times


def test_what_is_set_up_is_not_set_up_again(tmp_path):
    home, env = house(tmp_path, 'echo "$*" >>asked')
    assert run(home, env, "test").returncode == run(home, env, "test").returncode == 0
    assert (home / "asked").read_text().count("--require-hashes") == 1


def test_types_that_do_not_fit_fail_the_checks_whatever_the_tests_say(tmp_path):
    home, env = house(tmp_path, 'case "$*" in *mypy*) echo "no such type"; exit 1 ;; esac')
    done = run(home, env, "test")
    assert done.returncode == 1 and "== pytest" in done.stderr and done.stderr.endswith("== mypy\nno such type\n")


def test_each_check_counts(tmp_path):
    for failing in ("ruff check", "ruff format", "mypy", "pytest -n 4"):
        home, env = house(tmp_path / failing, f'echo "$*" >>asked; case "$*" in *"{failing}"*) exit 1 ;; esac')
        assert run(home, env, "test").returncode == 1
        assert f"-m {failing}" in (home / "asked").read_text()


def test_a_data_directory_is_meant_from_where_the_caller_stands(tmp_path):
    home, env = house(tmp_path, "")
    said = run(home, env, "--data", "papers", "--port", "8099", cwd=tmp_path)
    assert said.stdout == f"data={tmp_path}/papers up --port 8099\n"
    assert run(home, env, "--data", "/srv/x").stdout.startswith("data=/srv/x up")


def test_a_word_it_does_not_know_is_wrong_usage(tmp_path):
    home, env = house(tmp_path, "")
    assert run(home, env, "--nonsense").returncode == 2


def covered(tmp_path, name, *papers):
    """What is said after `./run coverage` where this module was walked with these papers."""
    (tmp_path / "archive").mkdir(exist_ok=True)
    door = "def receive(paper):\n    if paper:\n        return 1\n    return 2\n\n\n"
    (tmp_path / name).write_text(door + "".join(f"receive({paper})\n" for paper in papers))
    measure = [sys.executable, "-m", "coverage", "run", "--branch", "--source", ".", name]
    subprocess.run(measure, cwd=tmp_path, check=True)
    return subprocess.run([sys.executable, ROOT / "tools/covered.py"], cwd=tmp_path, capture_output=True, text=True)


def test_a_door_of_which_too_little_is_walked_fails_the_measure(tmp_path):
    one_way, both_ways = (covered(tmp_path, "archive/intake.py", *papers) for papers in ((1,), (1, 0)))
    assert one_way.returncode == 1 and "archive/intake.py: 2 lines and branches are not walked" in one_way.stdout
    assert both_ways.returncode == 0 and "(1 modules): 2 of 2 branches (100.0 %)" in both_ways.stdout


def test_too_little_walked_elsewhere_fails_the_measure(tmp_path):
    one_way, both_ways = (covered(tmp_path, "archive/pages.py", *papers) for papers in ((1,), (1, 0)))
    assert one_way.returncode == 1 and "archive/pages.py: 71.4 %\n90 % of the branches" in one_way.stdout
    assert both_ways.returncode == 0 and "elsewhere (1 modules): 2 of 2 branches (100.0 %)" in both_ways.stdout
