"""A province in a file of rules: the same as in Python, and its mistakes are named with their line."""

import textwrap

import pytest

from archive import Office, Page, Pattern, Record, Rule, Settled, Signer, Text
from archive.errors import PluginRefused
from archive.host import load
from archive.rulebook import read

RULES = """\
# Lai Châu
name = "Lai Châu"
version = "1.2"
organs = [
  "UBND tỉnh Lai Châu",
  "Ủy ban nhân dân tỉnh Lai Châu",
]
places = ["Tam Đường"]

[desks]
VX = "Phòng Văn xã"

[[patterns]]
field = "file_code"
words = 'ma ho so: (\\S+)'
zone = "all"

[[patterns]]
field = "room"
words = 'phong (\\d+)'
values = { 1 = "Một cửa" }

[[rules]]
words = "dich benh|y te"
unit = "Phòng Văn xã"
reason = "Lĩnh vực y tế."
days = 5

[[rules]]
issuer = "bo y te"
unit = "Sở Y tế"
reason = "Văn bản của Bộ Y tế."
role = "support"

[[signers]]
name = "Lò Văn Mẫu"
post = "Chủ tịch"
since = 2020
until = 2025
"""
IN_PYTHON = Office(
    slug="lai_chau",
    name="Lai Châu",
    organs=("UBND tỉnh Lai Châu", "Ủy ban nhân dân tỉnh Lai Châu"),
    places=("Tam Đường",),
    desks={"VX": "Phòng Văn xã"},
    patterns=(
        Pattern("file_code", r"ma ho so: (\S+)", zone="all"),
        Pattern("room", r"phong (\d+)", {"1": "Một cửa"}),
    ),
    rules=(
        Rule("dich benh|y te", "Phòng Văn xã", "Lĩnh vực y tế.", days=5),
        Rule("", "Sở Y tế", "Văn bản của Bộ Y tế.", "support", issuer="bo y te"),
    ),
    signers=(Signer("Lò Văn Mẫu", "Chủ tịch", 2020, 2025),),
)
PAPER = """ỦY BAN NHÂN DÂN
TỈNH LAI CHÂU
Số: 12/UBND-VX
Tam Đường, ngày 02 tháng 3 năm 2021
Kính gửi: Phòng 1.
Mã hồ sơ: TD-07/Đ
"""


@pytest.fixture
def write(tmp_path):
    def write(rules, slug="lai_chau"):
        (tmp_path / slug).mkdir(exist_ok=True)
        (tmp_path / slug / "plugin.toml").write_text(textwrap.dedent(rules), encoding="utf-8")
        return tmp_path

    return write


def test_a_file_of_rules_says_what_python_would_say(write):
    book = read("lai_chau", (write(RULES) / "lai_chau" / "plugin.toml").read_bytes())
    assert book.office == IN_PYTHON
    assert book.VERSION == "1.2"


def test_patterns_give_the_words_as_they_are_on_the_paper(write):
    host = load(write(RULES))
    found = {one.field: one for one in host.extract(Text([Page.of_text(1, PAPER)])) if one.source == "lai_chau 1.2"}
    assert {name: one.value for name, one in found.items()} == {
        "lai_chau.desk": "Phòng Văn xã", "lai_chau.file_code": "TD-07/Đ", "lai_chau.room": "Một cửa",
        "province_at_issue": "Lai Châu", "province_current": "Lai Châu",
    }  # fmt: skip
    span = found["lai_chau.file_code"].span
    assert PAPER[span.start : span.end] == "TD-07/Đ"


def test_patterns_are_for_papers_of_the_province():
    elsewhere = PAPER.replace("LAI CHÂU", "CAO BẰNG")
    assert [one for one in IN_PYTHON.extract(Text([Page.of_text(1, elsewhere)])) if one.field.startswith("lai_")] == []


def test_no_rule_is_sure_by_itself():
    office = Office("x", "X", organs=("UBND tỉnh Lai Châu",), patterns=(Pattern("a", "tam duong", confidence=1.0),))
    (found,) = office.extract(Text([Page.of_text(1, PAPER.replace("ỦY BAN NHÂN DÂN", "UBND"))]))
    assert (found.value, found.confidence) == ("Tam Đường", 0.95)


def test_rules_look_at_the_issuer_too(write):
    host = load(write(RULES))
    record = Record(fields={"subject": Settled("giá thuốc"), "issuing_organ": Settled("Bộ Y tế")})
    assert [(one.unit, one.role) for one in host.route(record, "lai_chau")] == [("Sở Y tế", "support")]
    assert host.route(Record(fields={"issuing_organ": Settled("Bộ Tài chính")}), "lai_chau") == []


MISTAKES = {
    "syntax": ("name = ", "name = “Lai Châu”  #", 2, "cú pháp"),
    "unknown_key": ("places = ", "place = ", 8, "có phải ý là “places”"),
    "wrong_type": ('["Tam Đường"]', '"Tam Đường"', 8, "một danh sách"),
    "in_a_list": ('  "UBND tỉnh Lai Châu",', "  7,", 4, "chuỗi"),
    "no_name": ('name = "Lai Châu"\n', "", 1, "thiếu “name”"),
    "unknown_in_a_rule": ("days = 5", "day = 5", 27, "có phải ý là “days”"),
    "text_for_a_number": ("days = 5", 'days = "5"', 27, "một số nguyên"),
    "true_for_a_number": ("days = 5", "days = true", 27, "một số nguyên"),
    "negative": ("days = 5", "days = -5", 27, "âm"),
    "centuries": ("days = 5", "days = 99999999999", 27, "nhiều nhất"),
    "endless_repetition": ("dich benh|y te", "a{99999999999}", 24, "không hợp lệ"),
    "too_long": ("dich benh|y te", "y" * 2000, 24, "dài quá"),
    "control_letter": ('role = "support"', 'role = "sup\\u0000port"', 33, "ký tự điều khiển"),
    "open_at_the_end": ('role = "support"', 'role = """support', 33, "cú pháp"),
    "pattern": ("'phong (\\d+)'", "'phong (\\d+'", 20, "không hợp lệ"),
    "marks_in_a_pattern": ("dich benh|y te", "dịch bệnh", 24, "không dấu"),
    "role": ('role = "support"', 'role = "chief"', 33, "lead, support, inform"),
    "zone": ('zone = "all"', 'zone = "top"', 16, "head, end, all"),
    "left_out": ('unit = "Phòng Văn xã"\n', "", 23, "thiếu “unit”"),
    "chance": ("days = 5", "confidence = 1.5", 27, "từ 0 đến 1"),
    "dictionary": ('"Một cửa"', "1", 21, "chuỗi"),
    "field": ('"file_code"', '"Mã hồ sơ"', 14, "chữ thường"),
    "no_tables": ("[[rules]]", "[rules]", 23, "danh sách"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_line(write, mistake):
    before, after, line, words = MISTAKES[mistake]
    rules = RULES.replace(before, after, 1)
    if mistake == "no_tables":
        rules = rules[: rules.index("[[rules]]")]
    file = write(rules) / "lai_chau" / "plugin.toml"
    with pytest.raises(PluginRefused) as refused:
        read("lai_chau", file.read_bytes())
    assert f"plugin.toml, dòng {line}: " in str(refused.value)
    assert words in str(refused.value)


def test_a_mistake_costs_this_plugin_only(write):
    write(RULES, "good_one")
    host = load(write(RULES.replace("days = 5", "days = 'năm'"), "bad_one"))
    refused = {plugin.slug: plugin.error for plugin in host.plugins if plugin.error}
    assert list(refused) == ["bad_one"]
    assert "plugin.toml, dòng 27: " in refused["bad_one"]
    assert "good_one 1.2" in {one.source for one in host.extract(Text([Page.of_text(1, PAPER)]))}


@pytest.mark.parametrize("content", [b"\xff\xfe", b'name = "A', b""])
def test_what_is_no_toml_is_refused(write, content):
    file = write("") / "lai_chau" / "plugin.toml"
    file.write_bytes(content)
    with pytest.raises(PluginRefused, match=r"plugin\.toml"):
        read("lai_chau", file.read_bytes())


def test_where_there_is_code_the_rules_are_left_alone(write):
    folder = write(RULES)
    code = "from archive import hookimpl\nVERSION = '9'\n@hookimpl\ndef begins(page):\n    return []\n"
    (folder / "lai_chau" / "__init__.py").write_text(code)
    assert [plugin.version for plugin in load(folder).plugins if plugin.slug == "lai_chau"] == ["9"]
