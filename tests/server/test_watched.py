"""Every request has an id and is counted once, under its route, in whichever process; who may read the counts."""

import concurrent.futures
import dataclasses
import io
import json
import logging
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from archive import logs
from server import create_app, watched
from tests.faults import line
from tests.server.offices import Office

ROOT = Path(__file__).parents[2]
ASKED = 40
TOKEN = "khoa-cua-prometheus-0123456789"


def counts(text, name="vanthu_http_requests"):
    """{(route, method, status): count}"""
    family = next(one for one in text_string_to_metric_families(text) if one.name == name)
    return {(one.labels["route"], one.labels["method"], one.labels["status"]): one.value for one in family.samples}


def ask(port, path, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode(), answer.headers


def until_it_answers(port):
    end = time.monotonic() + 300
    while time.monotonic() < end:
        try:
            if ask(port, "/healthz")[0] == 200:
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail("no answer")


@pytest.fixture
def webs(settings, office_engine, tmp_path):
    """The ports of two web processes over one archive, and the file both write their log to."""
    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    environment = os.environ | {
        "VANTHU_DATA": str(settings.data),
        "VANTHU_RESERVE_MB": "1",
        "VANTHU_LOG_FORMAT": "json",
    }
    with (tmp_path / "log").open("ab") as log:
        processes = [
            subprocess.Popen([sys.executable, "-m", "server.cli", "serve", "--port", str(port)], cwd=ROOT,
                             env=environment, stdout=subprocess.DEVNULL, stderr=log) for port in ports
        ]  # fmt: skip
    for port in ports:
        until_it_answers(port)
    yield ports, tmp_path / "log"
    for process in processes:
        process.terminate()
    assert [process.wait(300) for process in processes] == [0, 0]


def test_two_web_processes_count_every_request_once(webs):
    ports, log = webs
    before = counts(ask(ports[0], "/metrics")[1])
    paths = ["/login", "/khong-co", "/api/v1/register"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda n: ask(ports[n % 2], paths[n % 3], **{"X-Request-ID": f"ban-van-thu-{n}"}), range(3 * ASKED)
            )
        )
    both = [ask(port, "/metrics")[1] for port in ports]
    for text in both:
        after = counts(text)
        fresh = {key: after[key] - before.get(key, 0) for key in after if key[0] not in watched.QUIET}
        assert fresh == {("/login", "GET", "2xx"): ASKED, ("none", "GET", "4xx"): ASKED,
                         ("/api/v1/register", "GET", "4xx"): ASKED}  # fmt: skip
    assert 'vanthu_http_request_seconds_count{route="/login",method="GET"} 40' in both[1]
    lines = [json.loads(one) for one in log.read_text().splitlines()]
    told = [one for one in lines if one["event"] == "request"]
    assert sorted(one["request"] for one in told) == sorted(f"ban-van-thu-{n}" for n in range(3 * ASKED))
    assert {one["route"] for one in told} == {"/login", "none", "/api/v1/register"}


def test_a_line_about_a_paper_that_comes_in_names_the_request_and_the_scan(settings, office_engine):
    office, told, handler = Office(settings), [], logging.Handler()
    handler.setFormatter(logs.AsJson())
    handler.emit = lambda record: told.append(json.loads(handler.format(record)))
    intake, before = logging.getLogger("archive.intake"), logging.getLogger("archive.intake").level
    intake.addHandler(handler)
    intake.setLevel(logging.INFO)
    answer = office.ask("POST", "/api/v1/scans", data={"file": (io.BytesIO(line.picture(1)), "a.png")})
    intake.removeHandler(handler)
    intake.setLevel(before)
    office.close()
    (said,) = told
    assert (said["event"], said["request"]) == ("received", answer.headers[watched.HEADER])
    assert said["scan"] == answer.json["id"] and said["source"] == "api" and said["new"] == "True"


@pytest.mark.parametrize("given", ["ab12cd34", "4f1c-9.e_7" * 6])
def test_a_well_formed_id_of_a_proxy_is_kept(app, given):
    assert app.test_client().get("/login", headers={watched.HEADER: given}).headers[watched.HEADER] == given


@pytest.mark.parametrize(
    "given", ["", "short", "x" * 65, "a b c d e f", "abcdefgh\u00e9", "scan=1 level=x", "-abcdefgh"]
)
def test_another_id_is_made_anew(app, given):
    answers = [app.test_client().get("/login", headers={watched.HEADER: given}) for _ in range(2)]
    ids = [answer.headers[watched.HEADER] for answer in answers]
    assert all(re.fullmatch("[0-9a-f]{16}", one) for one in ids) and ids[0] != ids[1]


def test_labels_come_from_a_closed_list_whatever_strangers_send(app, desk):
    client, van = app.test_client(), desk("clerk")
    for n in range(5):
        client.get(f"/khong-co/{n}")
        client.open("/login", method=f"BREW{n}")
        van.open(f"/documents/{n}")
    labels = {one.labels for one in app.extensions["vanthu"].tally.all()}
    assert ("none", "GET", "4xx") in labels and ("/documents/<document_id>", "GET", "4xx") in labels
    rules = {rule.rule for rule in app.url_map.iter_rules()} | {"none"}
    assert {route for route, _, _ in labels} <= rules
    assert {method for _, method, _ in labels} <= watched.METHODS | {"other"}


def test_who_is_turned_away_is_counted_under_the_route_that_was_asked(app):
    client = app.test_client()
    client.get("/api/v1/register", headers={"Authorization": "Bearer none"})
    client.post("/login", data={"name": "van"}, headers={"Sec-Fetch-Site": "cross-site"})
    labels = {one.labels for one in app.extensions["vanthu"].tally.all()}
    assert labels == {("/api/v1/register", "GET", "4xx"), ("/login", "POST", "4xx")}


def test_what_nobody_foresaw_is_counted_and_has_an_id(app):
    endpoint, _ = app.url_map.bind("localhost").match("/login", "GET")
    app.view_functions[endpoint] = lambda: 1 / 0
    answer = app.test_client().get("/login")
    assert answer.status_code == 500 and answer.headers[watched.HEADER]
    assert {one.labels for one in app.extensions["vanthu"].tally.all()} == {("/login", "GET", "5xx")}


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.7", 403), ("", 403)])
def test_without_a_key_this_machine_alone_reads_the_counts(app, address, status):
    answer = app.test_client().get("/metrics", environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == status and ("vanthu_scans" in answer.text) == (status == 200)


def test_with_a_key_whoever_shows_it_reads_the_counts(settings, office_engine):
    app = create_app(dataclasses.replace(settings, metrics_token=TOKEN))

    def status(**headers):
        answer = app.test_client().get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.7"})
        return answer.status_code

    assert status(Authorization=f"Bearer {TOKEN}") == 200
    assert status() == status(Authorization=f"Bearer {TOKEN}x") == status(Authorization=f"Basic {TOKEN}") == 403
    assert app.test_client().get("/metrics").status_code == 403
    assert status(Authorization="Bearer \u00e9") == 403
    app.extensions["vanthu"].engine.dispose()


def test_behind_a_proxy_its_clients_are_not_this_machine(settings, office_engine):
    app = create_app(dataclasses.replace(settings, trusted_proxies=1))
    assert app.test_client().get("/metrics", headers={"X-Forwarded-For": "10.0.0.7"}).status_code == 403
    assert app.test_client().get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 200
    app.extensions["vanthu"].engine.dispose()
