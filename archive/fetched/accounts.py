"""Mailboxes that are looked into, as the settings tell them: frozen values that check themselves."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from archive.errors import BadSettings
from archive.vietnamese import fold

SECURITY = ("tls", "starttls", "none")
PORTS = {"tls": 993, "starttls": 143, "none": 143}


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds of letters from a sender, or with a subject; of several that fit, the first."""

    sender: str = ""
    """An address, with * for anything: `*@soyte.gov.vn`; empty: anybody."""
    subject: str = ""
    """Words of the subject, marks and capitals left out; with * a pattern of the whole."""
    unit: str = ""
    book: str = ""
    urgent: bool = False
    secret: bool = False
    ignore: bool = False
    """Nothing of it comes in; it is moved to the folder of what is done."""

    def fits(self, sender: str, subject: str) -> bool:
        """Whether a letter is meant."""
        return _fits(self.sender, sender, whole=True) and _fits(self.subject, subject, whole=False)


def _fits(pattern: str, text: str, *, whole: bool) -> bool:
    wanted, found = fold(pattern.strip()), fold(text.strip())
    if whole or "*" in wanted:
        return not wanted or fnmatch.fnmatchcase(found, wanted)
    return wanted in found


@dataclass(frozen=True, slots=True)
class Account:
    """One mailbox."""

    host: str
    user: str
    port: int = 0
    """0: what is usual for `security`."""
    security: str = "tls"
    ca_file: str = ""
    """PEM of who signs the server's certificate, where the office has an authority of its own; then nobody else may."""
    password: str = field(default="", repr=False)
    password_file: str = ""
    folder: str = "INBOX"
    done_folder: str = "Da nhan"
    refused_folder: str = "Khong nhan"
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        if not self.host or not self.user:
            raise BadSettings("Mỗi hộp thư trong cấu hình mail phải có host và user.")
        if self.security not in SECURITY:
            raise BadSettings(f"security của hộp thư phải là tls, starttls hoặc none, không phải {self.security!r}")
        if (self.security, self.port) == ("starttls", PORTS["tls"]):
            raise BadSettings("Cổng 993 của hộp thư dùng security là tls, không phải starttls.")
        if self.ca_file and self.security == "none":
            raise BadSettings("ca_file của hộp thư chỉ dùng với security là tls hoặc starttls.")
        if not self.done_folder or self.done_folder == self.folder or self.refused_folder == self.folder:
            raise BadSettings("done_folder và refused_folder của hộp thư phải khác folder.")

    @property
    def at_port(self) -> int:
        """The port in force."""
        return self.port or PORTS[self.security]

    @property
    def label(self) -> str:
        """What the mailbox is called where scans tell where they come from."""
        user = self.user if "@" in self.user else f"{self.user}@{self.host}"
        return user if self.folder == "INBOX" else f"{user}/{self.folder}"

    def secret(self) -> str:
        """The password, read anew from its file where it has one; BadSettings when that cannot be read."""
        if not self.password_file:
            return self.password
        try:
            return Path(self.password_file).read_text("utf-8").strip("\r\n")
        except (OSError, ValueError) as error:
            raise BadSettings(f"Không đọc được tệp mật khẩu của hộp thư {self.label}.") from error

    def rule(self, sender: str, subject: str) -> Rule:
        """What holds of a letter."""
        return next((one for one in self.rules if one.fits(sender, subject)), Rule())


_Kind = TypeVar("_Kind", Rule, Account)


def parse(said: object) -> tuple[Account, ...]:
    """Accounts of the settings file, or of the JSON that one process hands on to another; BadSettings."""
    if isinstance(said, str):
        said = json.loads(said) if said.strip() else []
    if not isinstance(said, list | tuple) or not all(isinstance(one, Mapping | Account) for one in said):
        raise BadSettings("Cấu hình mail phải là các bảng [[mail]].")
    return tuple(one if isinstance(one, Account) else _account(dict(one)) for one in said)


def _account(said: dict[str, Any]) -> Account:
    rules = tuple(_checked(Rule, dict(one)) for one in said.pop("rules", ()))
    return _checked(Account, said | {"rules": rules})


def _checked(kind: type[_Kind], said: dict[str, Any]) -> _Kind:
    usual = {one.name: one.type for one in dataclasses.fields(kind)}
    if unknown := sorted(set(said) - set(usual)):
        raise BadSettings(f"Cấu hình mail có mục không rõ: {', '.join(unknown)}")
    for name, value in said.items():
        if name != "rules" and type(value).__name__ != usual[name]:
            shown = "***" if name == "password" else repr(value)
            raise BadSettings(f"Giá trị của {name} trong cấu hình mail không hợp lệ: {shown}")
    try:
        return kind(**said)
    except TypeError as error:
        raise BadSettings("Mỗi hộp thư trong cấu hình mail phải có host và user.") from error


def dumped(accounts: tuple[Account, ...]) -> str:
    """For another process of ours; `parse` reads it."""
    return json.dumps([dataclasses.asdict(one) for one in accounts]) if accounts else ""


def of_variables(environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """The one account that VANTHU_MAIL_HOST and its like may tell; none without a host."""
    names = [one.name for one in dataclasses.fields(Account) if one.name != "rules"]
    said: dict[str, Any] = {name: text for name in names if (text := environ.get(f"VANTHU_MAIL_{name.upper()}"))}
    if "host" not in said:
        return []
    try:
        return [said | ({"port": int(said["port"])} if "port" in said else {})]
    except ValueError as error:
        raise BadSettings(f"Giá trị của VANTHU_MAIL_PORT không hợp lệ: {said['port']!r}") from error
