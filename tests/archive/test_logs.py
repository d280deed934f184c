"""Lines of the log: words for people or JSON for programs, with the ids of what they are about."""

import json
import logging
import threading

import pytest

from archive import logs


@pytest.fixture
def lines():
    """`lines(form)` is a logger of ours and the list its lines go to."""
    log, handlers = logging.getLogger("vanthu.test_logs"), []

    def begin(form, name="vanthu.test_logs"):
        told = []
        handler = logging.Handler()
        handler.setFormatter(logs.AsJson() if form == "json" else logs.AsText(logs.PLAIN))
        handler.emit = lambda record: told.append(handler.format(record))
        log = logging.getLogger(name)
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        handlers.append((log, handler))
        return log, told

    yield begin
    for log, handler in handlers:
        log.removeHandler(handler)


def test_a_line_as_json_has_its_pairs_apart(lines):
    log, told = lines("json")
    log.warning("step failed task=%d scan=%s cause=%s", 7, "ab12", "Crashed")
    line = json.loads(told[0])
    assert {"level": "WARNING", "logger": log.name, "event": "step failed", "task": "7", "scan": "ab12",
            "cause": "Crashed"}.items() <= line.items()  # fmt: skip
    assert line["at"].endswith("+00:00")


def test_what_a_line_is_about_stands_on_it_until_that_ends(lines):
    log, told = lines("json")
    with logs.about(request="r1"):
        with logs.about(scan="s1", task=7):
            log.info("inner")
        log.info("outer scan=s2")
    log.info("after")
    inner, outer, after = map(json.loads, told)
    assert (inner["request"], inner["scan"], inner["task"]) == ("r1", "s1", 7)
    assert (outer["request"], outer["scan"]) == ("r1", "s2") and "task" not in outer
    assert "request" not in after


def test_threads_do_not_speak_of_what_others_are_about(lines):
    log, told = lines("json")
    with logs.about(request="r1"):
        thread = threading.Thread(target=log.info, args=("alone",))
        thread.start()
        thread.join()
    assert "request" not in json.loads(told[0])


def test_a_line_as_text_says_nothing_twice(lines):
    log, told = lines("text")
    with logs.about(request="r1", scan="s1"):
        log.info("step done scan=s1")
    assert told[0].endswith("INFO vanthu.test_logs step done scan=s1 request=r1")


def test_a_line_of_others_is_all_words_and_one_line(lines):
    log, told = lines("json", "waitress.test_logs")
    log.info("queue depth=3\nlevel=ERROR")
    assert json.loads(told[0])["event"] == "queue depth=3\nlevel=ERROR" and "\n" not in told[0]


def test_no_pair_overwrites_what_the_line_itself_is(lines):
    log, told = lines("json")
    with logs.about(level="none", at="never"):
        log.info("refused level=%s", "high")
    assert json.loads(told[0])["level"] == "INFO" and json.loads(told[0])["at"] != "never"


def test_what_broke_is_told_in_one_object(lines):
    log, told = lines("json")
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError as error:
        log.error("unforeseen", exc_info=error)
    line = json.loads(told[0])
    assert line["event"] == "unforeseen" and "ZeroDivisionError" in line["trace"] and "\n" not in told[0]
