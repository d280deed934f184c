"""The administrator's page: people, plugins, the machine."""

import json
import re

from archive import switchboard
from archive.models import Event, PluginState, User


def test_a_person_is_added_and_may_sign_in(desk, makers):
    chief = desk("admin")
    given = {
        "name": "lan",
        "role": "leader",
        "full_name": "Trần Thị Lan",
        "unit": "Thường trực",
        "password": "mat khau dai",
    }
    assert chief.send("/admin/users", given).status_code == 303
    assert "Trần Thị Lan" in chief.page("/admin")
    assert desk(None).sign_in("lan").status_code == 303


def test_a_short_password_and_a_known_name_are_refused_in_words(desk, makers):
    chief = desk("admin")
    assert "Mật khẩu phải dài" in chief.send("/admin/users", {"name": "a", "role": "clerk", "password": "1"}).text
    assert (
        "Đã có người dùng"
        in chief.send("/admin/users", {"name": "admin-x", "role": "clerk", "password": "mat khau dai"}).text
    )
    with makers() as session:
        assert session.query(User).count() == 1


def test_the_technician_sees_plugins_and_health_but_no_people(desk):
    text = desk("it").page("/admin")
    assert "national" in text and "Tình trạng máy" in text and "Thêm người dùng" not in text
    assert (
        desk("it", "2").send("/admin/users", {"name": "x", "role": "admin", "password": "mat khau dai"}).status_code
        == 403
    )


def test_a_broken_plugin_is_shown_with_its_reason(settings, desk):
    settings.plugin_dir.mkdir()
    (settings.plugin_dir / "hong.py").write_text("raise ValueError('hong')\n")
    chief = desk("admin")
    chief.send("/admin/plugins/hong", {"on": "1"})
    text = chief.page("/admin")
    assert "bị từ chối" in text and "hong" in text


def test_a_dropped_in_plugin_runs_only_as_the_code_an_administrator_switched_on(settings, desk, makers):
    settings.plugin_dir.mkdir()
    code, seen = settings.plugin_dir / "spy.py", settings.data / "seen"
    code.write_text(f"from archive import hookimpl\nVERSION = '1.0'\nopen({str(seen)!r}, 'w').close()\n"
                    "@hookimpl\ndef extract(text, stamp):\n    return []\n")  # fmt: skip
    chief = desk("it")
    assert "chưa bật" in chief.page("/admin") and not seen.exists()
    assert desk("clerk").send("/admin/plugins/spy", {"on": "1"}).status_code == 403
    assert desk("it", "2").send("/admin/plugins/spy", {"on": "1", "digest": "0" * 64}).status_code == 409
    seen.unlink()
    with makers() as session:
        assert session.get(PluginState, "spy") is None
    digest = re.search(r'name="digest" value="(\w{64})"', chief.page("/admin"))[1]
    assert chief.send("/admin/plugins/spy", {"on": "1", "digest": digest}).status_code == 303
    assert not {"chưa bật", "mã đã đổi"} & set(re.findall("chưa bật|mã đã đổi", chief.page("/admin")))
    with makers() as session:
        assert session.get(PluginState, "spy").digest == digest
        event = session.query(Event).filter_by(action="plugin_enabled").one()
        assert (event.actor, json.loads(event.data)) == ("it-x", {"version": "1.0", "digest": digest})
    seen.unlink()
    code.write_text(code.read_text().replace("1.0", "1.1"))
    assert "mã đã đổi từ khi bật: xem lại rồi bật lại" in chief.page("/admin")
    assert not seen.exists()


def test_a_plugin_is_switched_off_and_on_again(desk, makers):
    chief = desk("it")
    assert chief.send("/admin/plugins/national", {"on": "0"}).status_code == 303
    assert "đã tắt" in chief.page("/admin")
    with makers() as session:
        row = session.get(PluginState, "national")
        assert (row.enabled, row.changed_by) == (False, "it-x")
    chief.send("/admin/plugins/national", {"on": "1"})
    assert "đã tắt" not in chief.page("/admin")
    assert chief.send("/admin/plugins/nobody", {"on": "1"}).status_code == 404
    assert desk("clerk").send("/admin/plugins/national", {"on": "0"}).status_code == 403


def test_plugins_are_put_in_order_and_the_order_is_an_event(desk, makers, app):
    chief = desk("it")
    assert chief.send("/admin/plugins/soc_trang", {"move": "up"}).status_code == 303
    with makers() as session:
        order = switchboard.order(session)
        assert order.index("soc_trang") < order.index("quang_ngai") < order.index("son_la")
        assert session.query(Event).filter_by(action="plugins_ordered").one().actor == "it-x"
    text = chief.page("/admin")
    places = [text.index(f'href="/admin/plugins/{slug}"') for slug in ("national", "soc_trang", "son_la")]
    assert places == sorted(places) and "national lên trước" not in text
    chief.send("/admin/plugins/national", {"move": "down"})
    chief.send("/admin/plugins/cao_bang", {"move": "up"})  # it is the first already
    chief.send("/admin/plugins/son_la", {"move": "away"})
    assert "đã tắt" not in chief.page("/admin")
    with makers() as session:
        assert switchboard.order(session) == order
        assert session.query(Event).filter_by(action="plugins_ordered").count() == 1


def test_a_person_is_locked_out_but_not_the_last_administrator_nor_oneself(desk, makers):
    chief, clerk = desk("admin"), desk("clerk")
    assert chief.send("/admin/users/clerk-x/disable").status_code == 303
    assert clerk.open("/").status_code == 303 and clerk.sign_in("clerk-x").status_code == 403
    assert "đã khoá" in chief.page("/admin")
    assert chief.send("/admin/users/admin-x/disable").status_code == 409
    assert chief.send("/admin/users/nobody/disable").status_code == 404
    assert desk("it").send("/admin/users/admin-x/disable").status_code == 403
