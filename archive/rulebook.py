"""A plugin that is only a file of rules: `plugin.toml`, written by IT without Python.

It says what an `Office` says, and answers exactly as one written in Python would. A mistake in it names its line and
costs this plugin only.
"""

from __future__ import annotations

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from archive.errors import PluginRefused
from archive.findings import Finding, Record, Route, Stamp
from archive.hookspecs import hookimpl
from archive.office import Office, Pattern, Rule, Signer
from archive.provinces import Province
from archive.reading import Text

FILE = "plugin.toml"
LONGEST = 1000
"""Letters of one text."""
MOST_DAYS = 365
"""Working days a rule may give."""

Where = tuple[str | int, ...]
"""Path to a value: `("rules", 1, "days")` is `days` of the second `[[rules]]`."""

_KEYS: Mapping[str, type] = {
    "name": str, "version": str, "current": str, "organs": list, "places": list, "desks": dict, "patterns": list,
    "rules": list, "signers": list,
}  # fmt: skip
_TABLES: Mapping[str, tuple[type, Mapping[str, type], tuple[str, ...]]] = {
    "rules": (
        Rule,
        {"words": str, "unit": str, "reason": str, "role": str, "days": int, "confidence": float, "issuer": str},
        ("words", "unit", "reason"),
    ),
    "patterns": (
        Pattern,
        {"field": str, "words": str, "values": dict, "zone": str, "confidence": float},
        ("field", "words"),
    ),
    "signers": (
        Signer,
        {"name": str, "post": str, "since": int, "until": int},
        ("name", "post", "since", "until"),
    ),
}
"""Array of tables → what each is, its keys, and those it cannot do without."""
_ONE_OF = {"role": ("lead", "support", "inform"), "zone": ("head", "end", "all")}
_IN_WORDS = {
    str: "một chuỗi trong dấu nháy", int: "một số nguyên", float: "một số từ 0 đến 1", list: "một danh sách [ … ]",
    dict: "một bảng tên = giá trị",
}  # fmt: skip


class RuleBook:
    """The hooks of an office that is declared in a file."""

    def __init__(self, office: Office, version: str) -> None:
        self.office = office
        self.VERSION = version

    @hookimpl
    def province(self) -> Province:
        """The province the file speaks for."""
        return self.office.province

    @hookimpl
    def extract(self, text: Text, stamp: Stamp | None) -> Iterator[Finding]:
        """Desks, places, signers and patterns of the file."""
        return self.office.extract(text, stamp)

    @hookimpl
    def route(self, record: Record) -> Iterator[Route]:
        """What the rules of the file say."""
        return self.office.route(record)


def read(slug: str, content: bytes) -> RuleBook:
    """The plugin of a file's `content`; PluginRefused, with the line, when something in it cannot be meant."""
    try:
        text = unicodedata.normalize("NFC", content.decode("utf-8-sig")).replace("\r\n", "\n")
        rules = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise PluginRefused(f"{FILE} không phải UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise PluginRefused(f"{FILE}, dòng {_line_said(error, text)}: không đúng cú pháp TOML ({error})") from error
    return _Reader(text).book(slug, rules)


def _line_said(error: tomllib.TOMLDecodeError, text: str) -> int:
    """The line of a syntax error; what is open "at end of document" began behind the last piece that is whole."""
    found = re.search(r"at line (\d+)", str(error))
    return int(found[1]) if found else _whole_lines(text.splitlines()) + 1


def _whole_lines(lines: Sequence[str]) -> int:
    """How many lines from the beginning are whole by themselves."""
    for count in range(len(lines), 0, -1):
        try:
            tomllib.loads("\n".join(lines[:count]) + "\n")
        except tomllib.TOMLDecodeError:
            continue
        return count
    return 0


class _Reader:
    """Checks what a file says against what can be said."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    def book(self, slug: str, rules: Mapping[str, Any]) -> RuleBook:
        self._known(rules, _KEYS, ())
        self._needed(rules, ("name",), ())
        for key in ("organs", "places"):
            self._texts(rules.get(key, []), (key,))
        self._texts(rules.get("desks", {}), ("desks",))
        tables = {name: tuple(self._table(name, rules)) for name in _TABLES}
        office = Office(
            slug, rules["name"], rules.get("current", ""), tuple(rules.get("organs", ())),
            tuple(rules.get("places", ())), rules.get("desks", {}), tables["signers"], tables["rules"],
            tables["patterns"],
        )  # fmt: skip
        return RuleBook(office, rules.get("version", ""))

    def _table(self, name: str, rules: Mapping[str, Any]) -> Iterator[Any]:
        make, keys, needed = _TABLES[name]
        for n, given in enumerate(rules.get(name, [])):
            where = (name, n)
            if not isinstance(given, dict):
                self._refuse(where, f"{name} phải viết thành từng bảng [[{name}]]")
            self._known(given, keys, where)
            self._needed(given, [key for key in needed if key != "words" or not given.get("issuer")], where)
            self._meant(given, where)
            yield make(**(({"words": ""} if "words" in keys else {}) | given))

    def _known(self, given: Mapping[str, Any], keys: Mapping[str, type], where: Where) -> None:
        for key, value in given.items():
            if key not in keys:
                near = difflib.get_close_matches(key, keys, 1)
                meant = f"; có phải ý là “{near[0]}”?" if near else f"; chỉ có: {', '.join(keys)}"
                self._refuse((*where, key), f"không có khóa “{key}”{meant}")
            wanted = (int, float) if keys[key] is float else keys[key]
            if not isinstance(value, wanted) or isinstance(value, bool):
                self._refuse((*where, key), f"“{key}” phải là {_IN_WORDS[keys[key]]}")
            if isinstance(value, str):
                self._text(value, (*where, key))

    def _needed(self, given: Mapping[str, Any], keys: Sequence[str], where: Where) -> None:
        for key in keys:
            if given.get(key) in (None, ""):
                self._refuse((*where, key) if key in given else where, f"thiếu “{key}”")

    def _texts(self, given: list[Any] | dict[str, Any], where: Where) -> None:
        for key, value in given.items() if isinstance(given, dict) else enumerate(given):
            if not isinstance(value, str) or not value:
                self._refuse((*where, key), f"“{where[-1]}” chỉ gồm các chuỗi trong dấu nháy")
            self._text(value, (*where, key))

    def _text(self, value: str, where: Where) -> None:
        if len(value) > LONGEST:
            self._refuse(where, f"“{where[-1]}” dài quá {LONGEST} ký tự")
        if any(ord(letter) < 32 for letter in value):
            self._refuse(where, f"“{where[-1]}” có ký tự điều khiển hoặc xuống dòng")

    def _meant(self, given: Mapping[str, Any], where: Where) -> None:
        """What the types do not say: patterns that compile, chances between 0 and 1, words of a closed list."""
        for key in ("words", "issuer"):
            try:
                re.compile(given.get(key, ""))
            except (re.error, OverflowError, RecursionError) as error:
                self._refuse((*where, key), f"biểu thức “{key}” không hợp lệ ({error})")
            if re.search(r"[A-ZÀ-Ỹà-ỹđĐ]", re.sub(r"\\.|\(\?P", "", given.get(key, ""))):
                self._refuse((*where, key), f"“{key}” được so với chữ thường không dấu: hãy viết không dấu, không hoa")
        for key, allowed in _ONE_OF.items():
            if given.get(key, allowed[0]) not in allowed:
                self._refuse((*where, key), f"“{key}” chỉ nhận: {', '.join(allowed)}")
        if not 0 <= given.get("confidence", 0) <= 1:
            self._refuse((*where, "confidence"), f"“confidence” phải là {_IN_WORDS[float]}")
        if given.get("days", 0) < 0:
            self._refuse((*where, "days"), "“days” không được âm")
        if given.get("days", 0) > MOST_DAYS:
            self._refuse((*where, "days"), f"“days” nhiều nhất là {MOST_DAYS}")
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", given.get("field", "x")):
            self._refuse((*where, "field"), "“field” chỉ gồm chữ thường không dấu, số và dấu gạch dưới")
        self._texts(given.get("values", {}), (*where, "values"))

    def _refuse(self, where: Where, why: str) -> NoReturn:
        raise PluginRefused(f"{FILE}, dòng {self._line_of(where)}: {why}")

    def _line_of(self, where: Where) -> int:
        """The line on which the value at `where` begins.

        The parser keeps no lines, but says whether a beginning of the file is whole: the value is in the first piece
        with which it appears.
        """
        began = 1
        for number in range(1, len(self._lines) + 1):
            try:
                so_far = tomllib.loads("\n".join(self._lines[:number]) + "\n")
            except tomllib.TOMLDecodeError:
                continue  # in the middle of a list or of a long text
            if _has(so_far, where):
                return began
            began = number + 1
        return max(1, len(self._lines))


def _has(value: Any, where: Where) -> bool:
    for key in where:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True
