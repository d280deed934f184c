"""Settings come from a file and from variables, which win; a wrong one is named."""

from pathlib import Path

import pytest

from archive.config import Settings, load
from archive.errors import BadSettings


def test_a_variable_wins_over_the_file(tmp_path):
    file = tmp_path / "vanthu.toml"
    file.write_text('port = 9000\noffice = "Văn phòng UBND"\n', encoding="utf-8")
    settings = load(file, {"VANTHU_PORT": "9001"})
    assert (settings.port, settings.office) == (9001, "Văn phòng UBND")


def test_the_file_is_found_through_its_variable(tmp_path):
    file = tmp_path / "vanthu.toml"
    file.write_text(f'data = "{tmp_path}/kho"\n', encoding="utf-8")
    assert load(environ={"VANTHU_CONFIG": str(file)}).data == tmp_path / "kho"


def test_without_anything_the_database_lies_in_the_data_directory():
    settings = load(environ={"VANTHU_DATA": "/srv/vt"})
    assert settings.data == Path("/srv/vt")
    assert settings.database_url == "sqlite:////srv/vt/vanthu.db"


def test_an_unknown_key_in_the_file_is_refused_by_name(tmp_path):
    file = tmp_path / "vanthu.toml"
    file.write_text("prot = 9000\n", encoding="utf-8")
    with pytest.raises(BadSettings, match="prot"):
        load(file, {})


def test_a_number_that_is_none_is_refused_by_name():
    with pytest.raises(BadSettings, match="port"):
        load(environ={"VANTHU_PORT": "mười"})


def test_a_list_in_place_of_a_number_is_refused_by_name(tmp_path):
    file = tmp_path / "vanthu.toml"
    file.write_text("port = [8080]\n", encoding="utf-8")
    with pytest.raises(BadSettings, match="port"):
        load(file, {})


def test_what_to_do_with_secrets_is_one_of_two_words():
    assert load(environ={"VANTHU_SECRETS": "allow"}).secrets == "allow"
    with pytest.raises(BadSettings, match="secrets"):
        load(environ={"VANTHU_SECRETS": "alow"})


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadSettings, match=r"missing\.toml"):
        load(tmp_path / "missing.toml", {})


@pytest.mark.parametrize(("text", "value"), [("1", True), ("true", True), ("0", False), ("no", False)])
def test_a_switch_understands_the_usual_words(text, value):
    assert load(environ={"VANTHU_SECURE_COOKIES": text}).secure_cookies is value


def test_passwords_are_masked_for_people():
    shown = Settings(database="postgresql+psycopg://office:s3cret@db.example/vt").masked()
    assert "s3cret" not in str(shown)
    assert shown["database"] == "postgresql+psycopg://office:***@db.example/vt"


def test_a_password_in_the_query_of_an_address_is_masked_too():
    shown = Settings(database="postgresql+psycopg://db/vt?user=office&password=s3cret&sslmode=require").masked()
    assert shown["database"] == "postgresql+psycopg://db/vt?user=office&password=***&sslmode=require"


def test_an_engine_nobody_knows_is_refused():
    assert load(environ={"VANTHU_OCR_ENGINE": "tesserocr"}).ocr_engine == "tesserocr"
    with pytest.raises(BadSettings, match="tesserocr"):
        load(environ={"VANTHU_OCR_ENGINE": "abbyy"})
