"""What was meant: short forms, slips of pen and reader, "ý bạn là …", more like this; never more than one may see."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from archive.models import Abbreviation, Document
from archive.search import parse, slips
from archive.search.abbreviations import expanded, known, spelled_out
from archive.search.find import alike, find, matching
from archive.search.query import Phrase, Together, Word


@pytest.fixture
def seek(archive):
    def look(typed, sees=None, **options):
        with archive.sessions() as session:
            return find(session, archive.index, parse(typed), sa.true() if sees is None else sees, **options)

    return look


@pytest.fixture
def ids(seek):
    return lambda typed, **options: [hit.id for hit in seek(typed, **options).hits]


def test_a_short_form_finds_what_it_stands_for_and_is_found_by_it(archive, ids):
    short = archive.keep("UBND huyện họp")
    long = archive.keep("Ủy ban nhân dân tỉnh họp")
    archive.keep("Ủy ban họp, nhân dân vui")
    archive.catch_up()
    assert set(ids("ubnd hop")) == {short, long}
    assert set(ids("uy ban nhan dan hop")) >= {short, long}
    assert ids("ubnd hop")[0] == short and ids("uỷ ban nhân dân họp")[0] == long
    assert len(ids("ubnd")) == 2


def test_a_filter_may_be_short_too(archive, seek):
    archive.keep("họp", document_type="Công văn")
    archive.catch_up()
    assert seek("loai:cv").total == seek("loai:CV hop").total == 1


def test_short_forms_are_the_offices_own(archive, ids):
    archive.keep("phòng tài chính kế hoạch họp")
    archive.catch_up()
    assert ids("tckh") == []
    with archive.sessions.begin() as session:
        session.add(Abbreviation(short="TCKH", long="Tài chính Kế hoạch", kind="organ", active=True))
    assert len(ids("tckh")) == 1
    with archive.sessions.begin() as session:
        session.execute(sa.update(Abbreviation).values(active=False))
    assert ids("tckh") == []


def test_a_short_form_that_is_a_syllable_stands_for_nothing(archive):
    with archive.sessions() as session:
        assert not {"da", "pa"} & {short.folded for short, _ in known(session)}


def test_other_marks_are_other_words():
    pairs = [(Word.of("CV"), (Word.of("công"), Word.of("văn")))]
    assert isinstance(expanded(parse("cong van"), pairs).clauses[0].terms[0], Together)
    assert expanded(parse("cống vạn"), pairs).clauses == parse("cống vạn").clauses
    assert expanded(parse("cv"), pairs).clauses[0].also == (Phrase(pairs[0][1]),)
    assert expanded(parse('-cv "công văn"'), pairs).clauses == parse('-cv "công văn"').clauses
    assert spelled_out("CV đến", pairs) == "công văn đến"


@pytest.mark.parametrize("typed", ["phòng chống djch", "phòng chóng dlch bệnh", "phoong chong dich", "phong chong dch"])
def test_one_slip_still_finds(archive, ids, typed):
    wanted = archive.keep("công tác phòng, chống dịch bệnh")
    archive.keep("phòng họp; chống nắng; dịch thuật; bệnh viện")
    archive.catch_up()
    assert ids(typed)[0] == wanted


@pytest.mark.parametrize("read", ["công tác phòng, chông djch bệnh", "cong tac phonq chống dịch bệnh"])
def test_one_slip_of_the_reader_still_finds(archive, ids, read):
    wanted = archive.keep(read)
    archive.keep("phòng họp; chống nắng; bệnh viện")
    archive.catch_up()
    assert ids("phòng chống dịch bệnh")[0] == wanted


def test_what_was_perhaps_meant_is_said_with_its_marks(archive, seek):
    archive.keep("công tác phòng, chống dịch bệnh")
    archive.catch_up()
    assert seek("phong chong djch").suggestion == "phong chong dịch"
    assert seek('"phong chong" dich').suggestion is None
    assert seek("xyzzy").suggestion is None


def test_a_rare_word_that_is_there_is_meant(archive, seek):
    archive.keep("họp tại xã Lóng Sập")
    for n in range(4):
        archive.keep(f"lòng sông sấp {n}")
    archive.catch_up()
    assert seek("long sap").suggestion is None


def test_a_word_that_only_hidden_papers_have_is_never_said(archive, seek):
    hidden = archive.keep("công tác phòng, chống dịch bệnh")
    seen = archive.keep("kế hoạch phong trào")
    archive.catch_up()
    sees = Document.id != hidden
    assert seek("djch").suggestion == "dịch"
    assert seek("djch", sees=sees).suggestion is None
    assert seek("phonq", sees=sees).suggestion == "phong"
    assert [hit.id for hit in seek("phonq", sees=sees).hits] == [seen]


def test_a_stale_index_says_and_finds_nothing_that_is_gone(archive, seek):
    paper = archive.keep("công tác phòng, chống dịch bệnh", subject="dịch bệnh")
    archive.catch_up()
    with archive.sessions.begin() as session:
        row = session.get(Document, paper)
        row.text = row.folded = row.subject = ""
    assert seek("djch").suggestion is None
    assert "dịch" not in str(seek("dich").hits)


def test_more_like_this_has_the_same_rare_words(archive):
    own = archive.keep("phòng chống dịch tả lợn châu Phi tại các trang trại", subject="dịch tả lợn châu Phi")
    close = archive.keep("báo cáo tình hình dịch tả lợn châu Phi trên địa bàn")
    hidden = archive.keep("mật: dịch tả lợn châu Phi lan rộng")
    for n in range(6):
        archive.keep(f"kế hoạch tài chính năm {n} của các trang trại")
    archive.catch_up()
    with archive.sessions() as session:
        assert {hit.id for hit in alike(session, archive.index, own, sa.true())[:2]} == {close, hidden}
        seen = alike(session, archive.index, own, Document.id != hidden)
        assert seen[0].id == close and hidden not in {hit.id for hit in seen}
        assert alike(session, archive.index, hidden, Document.id != hidden) == ()


def test_matching_gives_every_id_in_order(archive, ids):
    kept = [archive.keep(f"dịch bệnh số {n}", date=f"2020-01-{n + 1:02}") for n in range(30)]
    archive.catch_up()
    with archive.sessions() as session:
        assert matching(session, archive.index, parse("dich"), sa.true(), sort="date") == kept[::-1]
        assert len(matching(session, archive.index, parse("dich"), sa.true(), most=7)) == 7


def test_a_facet_counts_as_if_its_own_filter_were_not_set(archive, seek):
    archive.keep("dịch", document_type="Công văn", status="review")
    archive.keep("dịch", document_type="Báo cáo", status="review")
    archive.keep("dịch", document_type="Báo cáo", status="done")
    archive.catch_up()
    results = seek("dich trangthai:review loai:hop_dong")
    assert results.total == 0
    results = seek('dich trangthai:review loai:"bao cao" tinh:"Sóc Trăng"')
    assert (results.total, dict(results.facets["province"])) == (0, {"Sóc Trăng": 0})
    results = seek('dich trangthai:review loai:"bao cao"')
    assert results.total == 1
    assert dict(results.facets["type"]) == {"Công văn": 1, "Báo cáo": 1}
    assert dict(results.facets["status"]) == {"review": 1, "done": 1}


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=8), st.data())
def test_every_single_slip_is_among_the_possible(word, data):
    at = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
    ways = {word[:at] + letter + word[at + 1 :], word[:at] + word[at + 1 :], word[:at] + letter + word[at:]} - {word}
    assert all(way in slips.possible(word) and word in slips.possible(way) for way in ways)


def test_neighbours_are_few_and_the_likely_ones_first():
    counts = {"dich": 5, "duch": 9, "phong": 90}
    assert slips.neighbours("djch", lambda words: {w: counts.get(w, 0) for w in words}) == ["dich", "duch"]
    assert len(slips.neighbours("long", lambda words: dict.fromkeys(words, 1))) == slips.MOST
    assert slips.neighbours("ab", lambda words: dict.fromkeys(words, 1)) == []
    assert slips.neighbours("471", lambda words: dict.fromkeys(words, 1)) == []
