"""Settings: ONE frozen value, from a TOML file and VANTHU_* variables, which win."""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from archive import logs
from archive.errors import BadSettings
from archive.fetched import accounts
from archive.fetched.accounts import Account


def _says(text: str, default: Any) -> Any:
    return field(default=default, metadata={"says": text})


@dataclass(frozen=True)
class Settings:
    """Every setting, documented where it is declared. The variable of `data` is VANTHU_DATA, and so on."""

    data: Path = _says("directory of everything the archive keeps", Path("./data"))
    database: str = _says("sqlite:///… (default: in the data directory) or postgresql+psycopg://…", "")
    search: str = _says("engine of the next index: whoosh: or sqlite: (files), postgresql: (the database)", "whoosh:")
    jobs: str = _says("database: (the task table), or celery+amqp:// or celery+redis:// beside it", "database:")
    blobs: str = _says("file: (in the data directory) or s3://bucket/folder", "file:")
    secrets: str = _says("quarantine, or allow on an independent network only", "quarantine")
    province: str = _says("slug of the office's own province plugin, `cao_bang`", "")
    office: str = _says("the office's own name, as on its stamp", "")
    superior: str = _says("the organ above the office, first line of printed forms", "")
    organ_id: str = _says("the office's own identification code (mã định danh), `000.00.00.H49`", "")
    edxml_outbox: str = _says("folder for status messages to senders of edXML; empty: none are written", "")
    trust: str = _says("folder of the certificates (PEM, CRT) whose signatures are believed; empty: nobody's", "")
    inbox: str = _says("folder whose files come in (`vanthu watch`); empty: none", "")
    inbox_seconds: float = _says("how long a file in that folder stands still before it is taken", 5.0)
    mail: tuple[Account, ...] = _says("mailboxes whose letters come in (`vanthu fetch`): tables [[mail]], or JSON", ())
    host: str = _says("address the web listens on", "127.0.0.1")
    port: int = _says("port the web listens on", 8080)
    workers: int = _says("workers that `vanthu up` starts; 0: one a core", 0)
    max_upload_mb: int = _says("largest file that is taken, in megabytes", 200)
    max_pages: int = _says("most pages of one file", 500)
    max_page_megapixels: int = _says("largest page image, in megapixels", 80)
    page_seconds: int = _says("wall-clock limit of reading one page, in seconds", 90)
    reserve_mb: int = _says("free disk space below which intake says no, in megabytes", 500)
    scrub_days: int = _says("days in which each original is read back from the disk and compared; 0: never", 30)
    lease_seconds: float = _says("how long a task stays with a worker that gives no sign of life", 15.0)
    backup_days: int = _says("days without a backup after which the administrator is warned; 0: never", 7)
    ocr_engine: str = _says("tesseract (the program) or tesserocr (its library, an optional extra)", "tesseract")
    secure_cookies: bool = _says("cookies over HTTPS only; set it behind a TLS proxy", False)
    trusted_proxies: int = _says("proxies in front of the web whose X-Forwarded-For and -Proto are believed", 0)
    metrics_token: str = _says("key without which nobody reads /metrics; empty: this machine alone may", "")
    log_format: str = _says("text, or json: one object a line", "text")
    totp_roles: str = _says("roles that must show a code of a telephone, too: admin,it", "")
    key_file: str = _says("file with the key of second factors (default: secret.key in the data directory)", "")
    oidc_issuer: str = _says("address of the province's sign-in server (OpenID Connect); empty: none", "")
    oidc_client_id: str = _says("what that server calls this archive", "")
    oidc_client_secret: str = _says("and its password there; empty: a public client", "")
    oidc_name: str = _says("what people call that server, on the button of the sign-in page", "tài khoản chung")
    address: str = _says("how people reach the web from their desks, for links in letters: https://vanthu.tinh.vn", "")
    smtp_host: str = _says("mail server for reminders; empty: no letters are sent", "")
    smtp_port: int = _says("its port: 587 with starttls, 465 with tls, 25 without", 587)
    smtp_security: str = _says("starttls, tls, or none on a network of one's own", "starttls")
    smtp_user: str = _says("who signs in at the mail server; empty: nobody", "")
    smtp_password: str = _says("and the password", "")
    smtp_from: str = _says("sender of the letters; empty: smtp_user", "")
    scanners: str = _says("addresses of network scanners (eSCL), http://192.168.1.20/eSCL, apart by commas", "")
    scanimage_options: str = _says("options given to every scanner of this machine: --brightness=10", "")
    remind_at: str = _says("hour in Vietnam from which letters go out on working days", "07:00")
    offices: str = _says("file of the offices, where this installation serves several; empty: it serves one", "")

    @property
    def database_url(self) -> str:
        """The database in force."""
        return self.database or f"sqlite:///{(self.data / 'vanthu.db').absolute()}"

    @property
    def key_path(self) -> Path:
        """The file of the key that seals secrets."""
        return Path(self.key_file) if self.key_file else self.data / "secret.key"

    @property
    def factor_roles(self) -> frozenset[str]:
        """Roles that must have a second factor."""
        return frozenset(role.strip() for role in self.totp_roles.split(",") if role.strip())

    @property
    def plugin_dir(self) -> Path:
        """Where drop-in plugins live."""
        return self.data / "plugins"

    def masked(self) -> dict[str, str]:
        """Effective values for people: passwords in URLs shown as ***."""
        shown = {f.name: str(getattr(self, f.name)) for f in dataclasses.fields(self)}
        shown["database"] = self.database_url
        shown["mail"] = ", ".join(f"{one.label} ({one.host}:{one.at_port}, {one.security})" for one in self.mail)
        for secret in ("smtp_password", "oidc_client_secret", "metrics_token"):
            shown[secret] = "***" if shown[secret] else ""
        return {name: _mask(value) for name, value in shown.items()}


def _mask(value: str) -> str:
    parts = urlsplit(value) if "://" in value else None
    if parts is None:
        return value
    value = re.sub(r"(?i)([?&][^=&]*password=)[^&]*", r"\1***", value)
    if parts.password is None:
        return value
    parts = urlsplit(value)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:***@{host}"))


def load(config: str | Path | None = None, environ: Mapping[str, str] = os.environ, **given: Any) -> Settings:
    """Settings of the TOML file `config` (else VANTHU_CONFIG), then VANTHU_* variables, then `given`."""
    path = config or environ.get("VANTHU_CONFIG")
    values = _from_file(Path(path)) if path else {}
    for item in dataclasses.fields(Settings):
        if (text := environ.get(f"VANTHU_{item.name.upper()}")) not in (None, ""):
            values[item.name] = text
    if one := accounts.of_variables(environ):
        values["mail"] = one
    values |= {name: value for name, value in given.items() if value is not None}
    return changed(Settings(), values)


def changed(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """`settings` with other values, as a file or a variable has them. BadSettings."""
    settings = dataclasses.replace(settings, **{name: _typed(name, value) for name, value in values.items()})
    if settings.secrets not in ("quarantine", "allow"):
        raise BadSettings(f"Giá trị của secrets phải là quarantine hoặc allow, không phải {settings.secrets!r}")
    if settings.ocr_engine not in ("tesseract", "tesserocr"):
        raise BadSettings(
            f"Giá trị của ocr_engine phải là tesseract hoặc tesserocr, không phải {settings.ocr_engine!r}"
        )
    if settings.log_format not in logs.FORMATS:
        raise BadSettings(f"Giá trị của log_format phải là text hoặc json, không phải {settings.log_format!r}")
    if settings.smtp_security not in ("starttls", "tls", "none"):
        raise BadSettings(
            f"Giá trị của smtp_security phải là starttls, tls hoặc none, không phải {settings.smtp_security!r}"
        )
    if not re.fullmatch(r"([01]?\d|2[0-3])(:[0-5]\d)?", settings.remind_at):
        raise BadSettings(f"Giá trị của remind_at phải là giờ, ví dụ 07:00, không phải {settings.remind_at!r}")
    _check_door(settings)
    return settings


ROLES = ("admin", "clerk", "staff", "head", "leader", "it", "auditor")


def _check_door(settings: Settings) -> None:
    """BadSettings for what would leave the door more open than it says."""
    if unknown := sorted(settings.factor_roles - set(ROLES)):
        raise BadSettings(f"Giá trị của totp_roles có vai trò không rõ: {', '.join(unknown)}")
    if not 0 <= settings.trusted_proxies <= 10:
        raise BadSettings(f"Giá trị của trusted_proxies phải từ 0 đến 10, không phải {settings.trusted_proxies}")
    if settings.metrics_token and not re.fullmatch(r"[!-~]{16,}", settings.metrics_token):
        raise BadSettings("Giá trị của metrics_token phải có ít nhất 16 ký tự ASCII, không có dấu cách")
    issuer = urlsplit(settings.oidc_issuer)
    if settings.oidc_issuer and issuer.scheme != "https" and issuer.hostname not in ("127.0.0.1", "localhost"):
        raise BadSettings("Giá trị của oidc_issuer phải là một địa chỉ https://")
    if settings.oidc_issuer and not settings.oidc_client_id:
        raise BadSettings("Đặt oidc_issuer thì phải đặt cả oidc_client_id")


def _from_file(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadSettings(f"Không đọc được tệp cấu hình {path.name}: {error}") from error
    known = {f.name for f in dataclasses.fields(Settings)}
    if unknown := sorted(set(values) - known):
        raise BadSettings(f"Tệp cấu hình {path.name} có mục không rõ: {', '.join(unknown)}")
    return values


def _typed(name: str, value: Any) -> Any:
    kind = next(f.type for f in dataclasses.fields(Settings) if f.name == name)
    try:
        if kind == "Path":
            return Path(value)
        if name == "mail":
            return accounts.parse(value)
        if kind == "bool":
            return str(value).lower() in ("1", "true", "yes", "on")
        return {"int": int, "float": float, "str": str}[str(kind)](value)
    except (ValueError, TypeError) as error:
        shown = "***" if name == "mail" else repr(value)
        raise BadSettings(f"Giá trị của {name} không hợp lệ: {shown}") from error
