"""Of the documents that have the words, those that have them side by side come first."""

from archive.search import Candidate, parse, rerank
from archive.search.words import line


def _ranked(typed, **texts):
    candidates = [Candidate(name, 1.0, line("", "", "", text)) for name, text in texts.items()]
    return [name for name, _ in rerank(parse(typed), candidates, lambda _: texts)]


def test_words_side_by_side_win():
    assert _ranked("cong van den", a="công của văn đến", b="công văn đến")[0] == "b"


def test_typed_marks_win_and_cost_nothing_when_left_out():
    assert _ranked("công văn", a="cống vạn", b="công văn") == ["b", "a"]
    assert _ranked("cong van", a="cống vạn", b="công văn") == ["a", "b"]
    assert _ranked("thủy", a="thúy", b="thuỷ") == ["b", "a"]


def test_a_misread_word_between_two_costs_little():
    texts = {"a": "bệnh thì dịch, thảm", "b": "phòng chõng dịch bệnh", "c": "dịch phòng"}
    assert _ranked("phong chong dich", **texts)[0] == "b"


def test_a_pair_in_the_subject_counts_more():
    texts = {"a": line("", "khác", "", "công văn"), "b": line("", "công văn", "", "khác")}
    candidates = [Candidate(name, 1.0, text) for name, text in texts.items()]
    assert next(iter(rerank(parse("cong van"), candidates)))[0] == "b"


def test_candidates_beyond_the_first_stay_where_they_are():
    candidates = [Candidate(str(n), 1.0, " x ") for n in range(300)]
    assert [name for name, _ in rerank(parse("a b"), candidates)] == [str(n) for n in range(300)]
