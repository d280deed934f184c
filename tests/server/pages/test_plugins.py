"""A plugin's page: what it would change on papers that people have confirmed."""

from archive import pages
from archive.kit import make
from archive.models import Confirmation, FindingRow
from archive.reading import Page
from server.pages import plugins
from tests.archive import offices


def confirmed(settings, makers, desk_of_paper="Phòng Văn hóa"):
    home = make(settings.plugin_dir, "lai_chau", "Lai Châu")
    with makers.begin() as session:
        document = offices.document(session)
        letter = (home / "samples" / "letter.txt").read_text(encoding="utf-8")
        pages.keep(session, document.scan_id, Page.of_text(1, letter))
        session.add(Confirmation(document_id=document.id, field="lai_chau.desk", value=desk_of_paper, by="lan"))
        return document.id


def test_a_plugin_is_tried_on_confirmed_papers_before_it_is_switched_on(settings, desk, makers):
    id_ = confirmed(settings, makers)
    chief = desk("admin")
    assert 'href="/admin/plugins/lai_chau"' in chief.page("/admin")
    text = chief.page("/admin/plugins/lai_chau")
    assert "lai_chau 1.0 ↔ khi không có plugin này" in text
    assert f'href="/documents/{id_}"' in text and "Phòng Văn xã" in text and "Phòng Văn hóa" in text
    assert "vẫn sai" in text
    with makers() as session:
        assert session.query(FindingRow).count() == 0


def test_the_technician_sees_how_many_values_but_none(settings, desk, makers):
    id_ = confirmed(settings, makers)
    text = desk("it").page("/admin/plugins/lai_chau")
    assert "lai_chau.desk" in text and "thành đúng" in text
    assert id_ not in text and "Phòng Văn" not in text
    assert desk("clerk").open("/admin/plugins/lai_chau").status_code == 403


def test_a_refused_plugin_and_one_that_is_not_there_say_so(settings, desk):
    settings.plugin_dir.mkdir()
    (settings.plugin_dir / "hong").mkdir()
    (settings.plugin_dir / "hong" / "plugin.toml").write_text("name = 1\n")
    chief = desk("admin")
    answer = chief.open("/admin/plugins/hong")
    assert answer.status_code == 422 and "plugin.toml, dòng 1: " in answer.text
    assert chief.open("/admin/plugins/nobody").status_code == 404


def test_one_trial_at_a_time(settings, desk, makers):
    confirmed(settings, makers)
    chief = desk("admin")
    with plugins.turn():
        busy = chief.open("/admin/plugins/lai_chau")
    assert busy.status_code == 503 and "đang được thử" in busy.text
    assert chief.open("/admin/plugins/lai_chau").status_code == 200


def test_a_plugins_page_says_what_it_is_and_reads_its_samples(settings, desk, makers):
    make(settings.plugin_dir, "lai_chau", "Lai Châu")
    chief = desk("admin")
    text = chief.page("/admin/plugins/lai_chau")
    assert "chưa bật" in text and "Mã nguồn" in text
    chief.send("/admin/plugins/lai_chau", {"on": "1"})
    text = chief.page("/admin/plugins/lai_chau")
    assert "đang chạy" in text
    assert "Phiên bản" in text and "extract, province, route" in text and "không bị bỏ qua" in text
    text = chief.page("/admin/plugins/lai_chau?samples=1")
    assert "letter.txt" in text and "318/UBND-VX" in text and "Chạy thử trên" in text
    (settings.plugin_dir / "lai_chau" / "samples" / "letter.json").write_text('{"fields": {"number": "319"}}')
    text = chief.page("/admin/plugins/lai_chau?samples=1")
    assert "chưa đúng" in text and "319" in text
