"""What every engine must do: find, forget, survive."""

import os
import signal
import time

import pytest
import sqlalchemy as sa

from archive.errors import BadSettings, IndexBroken, Transient
from archive.search import open_search, parse
from tests.archive.search.conftest import entry, generations
from tests.engines import APART

PAPERS = [
    entry(
        "a", "Thực hiện Công văn số 2773-CV/VPTU ngày 26/3/2020 khoẻ mạnh", title="V/v triển khai Thông báo",
        code="471 /UBND-VX", organ="UBND tỉnh", date="2020-03-30",
    ),
    entry(
        "b", "phòng chống dịch. Căn cứ số 172-TB/TW, công vạn", title="tăng cường lãnh đạo", code="182-CV/TU",
        date="2021-02-26",
    ),
    entry("c", "cồng van nước; cống vạn năng, theo 471/UBND-VX", title="kế hoạch tài chính", code="1471/UBND-KT"),
]  # fmt: skip


@pytest.fixture
def papers(index):
    index.apply(PAPERS)
    return index


@pytest.mark.parametrize(
    "typed",
    ["471/UBND-VX", "471/ubnd-vx", "471 UBND VX", "471 ubnd vx", "471 /UBND-VX", "471", "so:471", "471 ubnd", "0471"],
)
def test_a_code_finds_its_document_first_in_every_spelling(papers, look, typed):
    assert look(typed)[0] == "a"


def test_a_symbol_alone_finds_all_that_have_it(papers, look):
    assert look("UBND-VX")[0] == "a"
    assert look("UBND-KT") == ["c"]


def test_a_code_finds_also_who_cites_it(papers, look):
    assert look("471/UBND-VX") == ["a", "c"]
    assert look("172-TB/TW") == ["b"]
    assert look("2773-cv/vptu") == ["a"]


def test_dates_are_found_in_every_spelling(papers, look):
    assert look("ngày 26 tháng 3 năm 2020") == look("26.3.20") == ["a"]
    assert look("30/3/2020") == look("2020-03-30") == ["a"]
    assert look("3/2020") == ["a"]


def test_marks_may_be_typed_in_any_way(papers, look):
    assert look("khỏe mạnh") == look("khoe manh") == look("KHOẺ MẠNH") == ["a"]
    assert set(look("cong van")) == {"a", "b", "c"}


def test_or_not_and_prefix(papers, look):
    assert set(look("trien OR lanh")) == {"a", "b"}
    assert set(look("cong -ke")) == {"a", "b"}
    assert look("tri*") == ["a"]
    assert look('cong -"vạn công"') == look("cong")


def test_one_misread_word_still_finds(papers, look):
    assert look("phong chong djch") == ["b"]
    assert look("khong he co") == []


def test_whole_matches_stand_before_those_with_a_slip(papers):
    found = papers.search(parse("cong van nuoc"))
    assert found.hits[0].id == "c" and found.hits[0].whole
    assert sum(hit.whole for hit in found.hits) == found.whole.sum() == 1


def test_a_slip_in_its_place_stands_before_words_all_over_the_text(index, look):
    index.apply([entry("near", "công tác phòng, chõrng dịch bệnh")])
    index.apply([entry(f"far{n}", "bệnh viện; chống nắng, dịch thuật và phòng họp") for n in range(40)])
    assert look("phong chong dich benh")[0] == "near"


def test_a_limit_leaves_the_total(papers):
    found = papers.search(parse("cong"), limit=1)
    assert (len(found.hits), found.total) == (1, 3)


def test_a_document_told_twice_is_there_once(papers, look):
    papers.apply([PAPERS[0], PAPERS[0]])
    papers.apply([entry("a", "hoàn toàn khác", code="5/BC")])
    assert papers.status().documents == 3
    assert look("khoe manh") == []
    assert look("toan khac") == ["a"]


def test_a_deleted_document_is_gone(papers, look):
    papers.apply(deletes=["b", "unknown"])
    assert look("phong chong dich") == []
    assert papers.status().documents == 2


def test_many_small_commits_stay_few_segments(index, look, tmp_path):
    for n in range(30):
        index.apply([entry(f"d{n}", f"chung riêng{n}")])
    index.apply([entry("d3", "chung mới")])
    assert index.status().documents == 30
    assert len(look("chung")) == 30
    assert (look("rieng7"), look("rieng3"), look("moi")) == (["d7"], [], ["d3"])
    assert len(list(tmp_path.rglob("*.seg"))) <= 14


def test_another_reader_sees_each_commit(index, kind, home, tmp_path):
    reader = open_search(kind, tmp_path, home)
    for n in range(3):
        index.apply([entry(f"d{n}", "chung")])
        assert reader.search(parse("chung")).total == n + 1
    index.rebuild(PAPERS)
    assert reader.search(parse("chung")).total == 0
    assert reader.status().generation == index.status().generation != "g1"
    reader.close()


def test_a_rebuild_replaces_everything(papers, look):
    assert papers.rebuild(entry(f"z{n}", "báo cáo") for n in range(5)) == 5
    assert len(look("bao cao")) == 5
    assert look("471") == []
    assert len(generations(papers)) == 1


def test_a_rebuild_that_fails_leaves_the_old_generation(papers, look):
    def half():
        yield PAPERS[0]
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError):
        papers.rebuild(half())
    assert len(look("cong")) == 3
    papers.apply([entry("d", "thêm được")])
    assert look("them duoc") == ["d"]


def _fill_the_disk(home):
    """The server says so of every row it should take."""
    _told(home, "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql"
          " AS $$BEGIN RAISE EXCEPTION USING errcode = 'disk_full'; END$$")  # fmt: skip
    _told(home, f"CREATE TRIGGER refuse BEFORE INSERT ON {_entries(home)} EXECUTE FUNCTION full_disk()")


def _entries(home):
    """The table of the one generation."""
    return _told(home, "SELECT schemaname || '.' || tablename FROM pg_tables WHERE tablename LIKE '%entry'")[0][0]


def _told(home, statement):
    engine = sa.create_engine(home, poolclass=sa.NullPool)
    with engine.begin() as connection:
        done = connection.execute(sa.text(statement))
        return done.all() if done.returns_rows else None


def test_a_commit_that_fails_leaves_the_lock_free(papers, look, kind, home, monkeypatch):
    class Full(OSError): ...

    def refuse(*_, **__):
        raise Full(28, "no space")

    with monkeypatch.context() as patch:
        if kind == "whoosh:":
            patch.setattr("archive.search.whoosh_files.DurableFiles.rename_file", refuse)
        elif kind == "sqlite:":
            papers._store._open().execute("PRAGMA max_page_count = 1")
        else:
            _fill_the_disk(home)
        with pytest.raises(Transient):
            papers.apply([entry("d", "thêm được " + " ".join(f"từ{n}" for n in range(9000)))])
    papers.close()
    assert papers.healthy()
    if home:
        _told(home, "DROP FUNCTION full_disk CASCADE")
    papers.apply([entry("d", "thêm được")])
    assert look("them duoc") == ["d"]


def test_no_index_is_not_an_empty_answer(tmp_path, kind, home):
    engine = open_search(kind, tmp_path, home)
    assert not engine.healthy()
    with pytest.raises(IndexBroken):
        engine.search(parse("x"))
    with pytest.raises(IndexBroken):
        engine.apply([PAPERS[0]])
    engine.close()


def _garbage(file):
    file.write_bytes(bytes(range(256)) * 20)


def _half(file):
    os.truncate(file, file.stat().st_size // 2)


def _hole(file):
    """Blocks in the middle as another file's."""
    size = file.stat().st_size
    with file.open("r+b") as out:
        out.seek(size // 3)
        out.write(bytes(range(256)) * (size // 3 // 256 + 1))


FILES = [("whoosh:", "*.seg"), ("whoosh:", "*.toc"), ("sqlite:", "index.db")]


@pytest.mark.parametrize(("kind", "pattern"), FILES)
@pytest.mark.parametrize("harm", [_garbage, _half, os.unlink, _hole])
def test_a_spoiled_file_is_told_by_every_process_until_the_rebuild(papers, tmp_path, kind, pattern, harm):
    papers.close()
    harm(next(tmp_path.rglob(pattern)))
    with pytest.raises(IndexBroken):
        papers.search(parse("cong van"))
    assert not papers.healthy()
    assert not open_search(kind, tmp_path).healthy()
    papers.rebuild(PAPERS)
    assert papers.healthy()
    assert papers.search(parse("cong van")).total == 3


def test_an_index_of_another_analyzer_is_rebuilt(papers, home, tmp_path):
    papers.close()
    if home:
        _told(home, "UPDATE vanthu_search.generation SET marker = '{}'")
    else:
        (tmp_path / "index" / papers.status().generation / "marker.json").write_text("{}")
    papers.close()
    assert not papers.healthy()


def test_a_second_writer_waits_or_is_told(papers, kind, home, tmp_path, monkeypatch):
    monkeypatch.setattr("archive.search.index.LOCK_SECONDS", 0.1)
    other = open_search(kind, tmp_path, home)
    with other.writing(), pytest.raises(Transient):
        papers.apply([PAPERS[0]])
    other.close()
    papers.apply([PAPERS[0]])


def _write_for_ever(kind, data, home):
    engine = open_search(kind, data, home)
    for n in range(10_000):
        engine.apply([entry(f"k{n}", "chung")])
        (data / "draft").write_text(str(n + 1))
        (data / "draft").replace(data / "done")


def test_a_killed_writer_loses_nothing_that_was_confirmed(index, kind, home, tmp_path):
    for delay in (0.25, 0.4):
        writer = APART.Process(target=_write_for_ever, args=(kind, tmp_path, home))
        writer.start()
        while not (tmp_path / "done").exists():
            time.sleep(0.01)
        time.sleep(delay)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        confirmed = int((tmp_path / "done").read_text())
        assert index.healthy()
        assert index.search(parse("chung")).total >= confirmed > 0
        index.apply([entry("after", "sau")])
        (tmp_path / "done").unlink()


def test_an_unknown_engine_is_refused(tmp_path):
    with pytest.raises(BadSettings, match="solr"):
        open_search("solr:", tmp_path)


def test_a_new_generation_by_another_engine_takes_over_in_every_process(papers, kind, home, tmp_path):
    reader = open_search(kind, tmp_path, home)
    other = "sqlite:" if kind == "whoosh:" else "whoosh:"
    assert reader.status().engine == kind[:-1]
    builder = open_search(other, tmp_path, home)
    builder.rebuild(PAPERS[:2])
    builder.close()
    assert reader.status().engine == other[:-1]
    assert {hit.id for hit in reader.search(parse("cong van")).hits} == {"a", "b"}
    papers.apply([entry("d", "thêm công văn")])
    assert reader.search(parse("cong van")).total == 3
    reader.close()


def test_what_is_told_while_another_generation_is_built_is_told_again(papers):
    def slowly():
        yield PAPERS[0]
        papers.apply([entry("d", "thêm được")], deletes=["b"])
        yield PAPERS[2]

    told = []
    papers.rebuild(slowly(), retell=told.extend)
    assert sorted(told) == ["b", "d"]
    papers.apply([entry("e", "sau")])
    papers.rebuild(PAPERS, retell=told.extend)
    assert sorted(told) == ["b", "d"]


def test_a_phrase_is_words_one_after_another(index, look):
    index.apply([
        entry("a", "phòng chống dịch"), entry("b", "phòng chống phòng chống\fdịch"),
        entry("c", "phòng chống và chống dịch"), entry("d", "dịch", title="phòng chống"),
        entry("e", "dịch phòng chống"), entry("f", "phòng chống dịches"),
    ])  # fmt: skip
    assert set(look('"phong chong dich"')) == {"a", "b"}
    assert set(look('dich -"phong chong dich"')) == {"c", "d", "e"}
    assert set(look('"phong chong dich" OR "dich phong"')) == {"a", "b", "e"}
    assert set(look('"phong chong" "chong dich"')) == {"a", "b", "c"}
