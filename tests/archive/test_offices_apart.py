"""Two offices never meet: not in a place that is written otherwise, and not in a database that looks like another."""

import threading

import pytest
import sqlalchemy as sa

from archive import config, database, offices, whose
from archive.errors import BadSettings, NotItsOwn
from archive.models import Event
from migrations import upgrade

OFFICE = '[[office]]\nslug = "{}"\n{}\n'
PG = "postgresql+psycopg://"


@pytest.fixture
def listed(tmp_path):
    """`listed(first, second, **variables)`: the offices a and b with these lines; {data} is the common directory."""

    def load(first, second="", **variables):
        file, data = tmp_path / "offices.toml", tmp_path / "data"
        text = OFFICE.format("a", first) + OFFICE.format("b", second)
        file.write_text(text.replace("{data}", str(data)), encoding="utf-8")
        said = {"VANTHU_DATA": str(data), "VANTHU_OFFICES": str(file)}
        return offices.load(config.load(environ=said | {f"VANTHU_{name.upper()}": v for name, v in variables.items()}))

    return load


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("v@localhost/x", "v@127.0.0.1/x"),
        ("v@db/x", "v@db/y?dbname=x"),
        ("v@db/x", "v@/x?host=db"),
        ("v@db/x", "v@DB.:5432/x"),
        ("v@db/x", "v@db:9/x?port=5432"),
        ("v@db/x_1", "v@db/x%5F1"),
        ("v@/x", "v@localhost/x"),
    ],
)
def test_one_database_written_in_two_ways_is_refused(listed, first, second):
    with pytest.raises(BadSettings, match="trùng cơ sở dữ liệu"):
        listed(f'database = "{PG}{first}"', f'database = "{PG}{second}"')


def test_databases_of_two_servers_or_names_are_two(listed):
    assert len(listed(f'database = "{PG}v@db/x"', f'database = "{PG}v@db/y"')) == 2
    assert len(listed(f'database = "{PG}v@db:5432/x"', f'database = "{PG}v@db:5433/x"')) == 2


def test_an_address_of_a_database_that_is_none_is_said(listed):
    with pytest.raises(BadSettings, match="địa chỉ cơ sở dữ liệu"):
        listed('database = "vanthu"')


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ('search = "whoosh:{data}/offices/b/index"', "", "trùng thư mục chỉ mục"),
        ('search = "whoosh:/srv/ix"', 'search = "whoosh:/srv/ix/b"', "b: thư mục chỉ mục .* nằm trong .* của a"),
        ('search = "whoosh:/srv/ix/a"', 'search = "whoosh:/srv/ix"', "a: thư mục chỉ mục .* nằm trong .* của b"),
        ('key_file = "{data}/offices/b/secret.key"', "", "trùng tệp khóa"),
        ('key_file = "{data}/offices/b/keys/a"', "", "a: tệp khóa .* nằm trong thư mục dữ liệu"),
        ('inbox = "/srv/i"', 'inbox = "/srv/i/b"', "b: thư mục theo dõi .* nằm trong"),
        ('inbox = "{data}/offices/b/in"', "", "a: thư mục theo dõi .* nằm trong thư mục dữ liệu"),
        ('edxml_outbox = "/srv/q"', 'inbox = "/srv/q"', "b: thư mục theo dõi .* chính là thư mục gửi edXML"),
        ('blobs = "s3://k"', 'blobs = "s3://k/b"', "b: nơi lưu bản gốc .* nằm trong"),
        ('blobs = "file:{data}/offices/b/blobs"', "", "trùng nơi lưu bản gốc"),
        ('blobs = "file:///srv/goc"', 'blobs = "file:/srv/goc/b"', "b: nơi lưu bản gốc .* nằm trong"),
        ('database = "sqlite:////srv/a/vt.db"', 'data = "/srv/a"', "a: cơ sở dữ liệu .* nằm trong thư mục dữ liệu"),
        ("", 'data = "{data}"', "a: thư mục dữ liệu .* nằm trong"),
    ],
)
def test_a_place_in_a_place_of_another_is_refused(listed, first, second, said):
    with pytest.raises(BadSettings, match=said):
        listed(first, second)


MAILBOX = '[[office.mail]]\nhost = "{}"\nuser = "{}"\nfolder = "{}"'


@pytest.mark.parametrize("second", [("mail.tinh.vn", "vanthu", "INBOX"), ("MAIL.tinh.vn.", "Vanthu", "INBOX")])
def test_one_mailbox_of_two_offices_is_refused(listed, second):
    with pytest.raises(BadSettings, match=r"a và b trùng hộp thư \(mail\)"):
        listed(MAILBOX.format("mail.tinh.vn", "vanthu", "INBOX"), MAILBOX.format(*second))


def test_two_folders_of_one_mailbox_are_two(listed):
    listed(MAILBOX.format("mail.tinh.vn", "vanthu", "A"), MAILBOX.format("mail.tinh.vn", "vanthu", "B"))


def test_places_beside_each_other_and_within_ones_own_are_taken(listed):
    own = 'inbox = "/srv/in/{0}"\nkey_file = "/etc/vt/{0}"\ndata = "/srv/vt-{0}"\nblobs = "s3://k/{0}"\n'
    own += 'search = "sqlite:/srv/vt-{0}/ix"\nedxml_outbox = "/srv/vt-{0}/out"'
    assert len(listed(own.format("b"), own.format("b-c"))) == 2


@pytest.mark.parametrize("host", ["ngoai.tinh.vn", ""])
def test_the_port_people_reach_the_web_by_stays(listed, host):
    office, _ = listed(f'host = "{host}"', address="https://vanthu.tinh.vn:8443")
    assert office.settings.address == f"https://{host or 'vanthu.tinh.vn'}:8443{'' if host else '/a'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def opened(request, tmp_path):
    """An upgraded database nobody has named yet, and `opened()`: another engine on it."""
    lazy = f"sqlite:///{tmp_path}/vanthu.db" if request.param == "sqlite" else request.getfixturevalue("empty_postgres")
    engines = []

    def another():
        engines.append(database.open_engine(lazy, durable=False))
        return engines[-1]

    upgrade(another())
    yield another
    for one in engines:
        one.dispose()


def named(engine):
    with database.readers(engine)() as session:
        return session.scalar(sa.select(sa.func.count()).where(Event.action == whose.ACTION))


def test_a_database_bears_one_name_written_once(opened):
    engine = opened()
    assert [whose.opened(engine, "a") is engine for _ in range(2)] == [True, True]
    assert named(engine) == 1


def test_the_database_of_another_office_is_not_opened_however_its_address_is_written(opened):
    whose.opened(opened(), "a")
    with pytest.raises(NotItsOwn, match=r"Cơ quan b: .* của cơ quan a.*--office b upgrade --adopt"):
        whose.opened(opened(), "b")
    assert named(opened()) == 1


def test_what_somebody_says_is_his_is_his_and_no_more_the_others(opened):
    whose.opened(opened(), "a")
    whose.adopt(opened(), "b")
    whose.opened(opened(), "b")
    with pytest.raises(NotItsOwn, match="của cơ quan b"):
        whose.opened(opened(), "a")


def test_of_two_who_name_it_at_once_one_wins(opened):
    told, ready = [], threading.Barrier(2)

    def name(slug):
        engine = opened()
        ready.wait(30)
        try:
            whose.opened(engine, slug)
            told.append("opened")
        except NotItsOwn:
            told.append("refused")

    threads = [threading.Thread(target=name, args=(slug,)) for slug in "ab"]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert sorted(told) == ["opened", "refused"]
    assert named(opened()) == 1


def test_a_database_without_tables_is_said_to_be_so_and_gets_no_name(tmp_path):
    with pytest.raises(BadSettings, match="chưa có bảng"):
        whose.opened(database.open_engine(f"sqlite:///{tmp_path}/new.db", durable=False), "a")
