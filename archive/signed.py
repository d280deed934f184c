"""Whether a digital signature holds: of a PDF (ISO 32000-1, 12.8, by pyhanko) and of an XML message (W3C XML-DSig,
by signxml). Both are the optional extra `signatures`; without it everything is "unchecked".

Runs in a child and asks nobody: no list of revoked certificates, no answer of a server, no address is fetched. Who is
believed lies in a folder of the settings (VANTHU_TRUST); without it only this is known: unchanged since it was signed.
"""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from archive.clock import HANOI

T = TypeVar("T")

TRUSTED, UNKNOWN, WEAK, CHANGED, BROKEN, UNCHECKED = "trusted", "unknown", "weak", "changed", "broken", "unchecked"
"""Verdicts. changed: what was signed is whole, but something was added to the file afterwards."""
MOST = 50
"""Signatures of one file that are looked at."""
MOST_ROOTS = 500
NO_EXTRA = "Máy chủ chưa cài phần kiểm tra chữ ký số."
TOO_LARGE = "Thông điệp quá lớn để kiểm tra chữ ký số."
FAILED = "Không kiểm tra được: chữ ký hỏng hoặc theo cách máy chủ chưa biết."
PART = "Chữ ký chỉ bao một phần thông điệp, phần còn lại có thể đã bị sửa."
NOBODY = "Chứng thư không do nơi nào trong danh sách tin cậy cấp, hoặc hết hạn lúc ký."
MANY = "Thông điệp có nhiều chữ ký nên không rõ chữ ký nào bao phần nào."


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one signature; None where it cannot be known."""

    kind: str
    """pdf | xml"""
    verdict: str
    why: str = ""
    """In Vietnamese, where the verdict alone does not say it."""
    name: str = ""
    """Of its field in the PDF."""
    intact: bool | None = None
    whole: bool | None = None
    """It covers the file as it is now."""
    signer: str | None = None
    organs: tuple[str, ...] = ()
    """O and OU of the certificate."""
    at: str | None = None
    """ISO 8601."""
    stamped: bool = False
    """`at` is of a time-stamp authority; else of the signer's own clock."""
    algorithm: str = ""


def to_json(one: Verified) -> dict[str, Any]:
    """As it is kept with a scan or a message: without what is empty or cannot be known."""
    said = dataclasses.asdict(one)
    kept = {name: value for name, value in said.items() if value not in (None, "", (), [])}
    return kept | {"organs": list(one.organs)}


def unchecked(kind: str, why: str) -> Verified:
    """A signature nobody looked at."""
    return Verified(kind, UNCHECKED, why)


# ------------------------------------------------------------------------------------------------ PDF


def of_pdf(path: str, trust: str) -> tuple[Verified, ...]:
    """Every signature of a PDF in the order in which they were made; called in a child."""
    try:
        from pyhanko.pdf_utils.reader import PdfFileReader
    except ImportError:
        return (unchecked("pdf", NO_EXTRA),)
    with Path(path).open("rb") as file:
        found = _tried(lambda: list(PdfFileReader(file, strict=False).embedded_regular_signatures)[:MOST])
        if found is None:
            return (unchecked("pdf", FAILED),)
        return tuple(_tried(partial(_pdf_signature, one, trust)) or unchecked("pdf", FAILED) for one in found)


def _tried(look: Callable[[], T]) -> T | None:
    """What `look` finds; None when it fails: readers of foreign bytes raise whatever they like."""
    try:
        return look()
    except Exception:
        return None


def _pdf_signature(one: Any, trust: str) -> Verified:
    from pyhanko.sign.validation import validate_pdf_signature

    reported = one.self_reported_timestamp
    found: Any = validate_pdf_signature(one, _context(trust, reported), key_usage_settings=_usage())
    stamp = found.timestamp_validity
    stamped = bool(stamp and stamp.valid and stamp.intact and stamp.trusted)
    facts = _facts(found.signing_cert) | {
        "name": str(one.field_name or "")[:100], "intact": bool(found.intact and found.valid), "stamped": stamped,
        "at": _told(stamp.timestamp if stamped else reported), "algorithm": str(found.md_algorithm or ""),
    }  # fmt: skip
    whole = _is_whole(found)
    return Verified("pdf", _verdict(facts, bool(found.trusted), whole), _why_pdf(found), whole=whole, **facts)


def _told(at: dt.datetime | None) -> str | None:
    """ISO 8601 by the clock of Hà Nội: the day a paper was signed is the day there."""
    if at is None:
        return None
    return (at.astimezone(HANOI) if at.tzinfo else at).isoformat(timespec="seconds")


def _is_whole(found: Any) -> bool:
    """Nothing was added after it but what a further signature or a form needs."""
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    if found.coverage == SignatureCoverageLevel.ENTIRE_FILE:
        return True
    if found.coverage != SignatureCoverageLevel.ENTIRE_REVISION:
        return False
    return found.modification_level in (
        ModificationLevel.NONE, ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING
    )  # fmt: skip


def _why_pdf(found: Any) -> str:
    why = str(getattr(found.trust_problem_indic, "name", "") or "")
    return TRUST_WORDS.get(why, "")


TRUST_WORDS = {
    "NO_CERTIFICATE_CHAIN_FOUND": "Chứng thư không do nơi nào trong danh sách tin cậy cấp.",
    "OUT_OF_BOUNDS_NO_POE": "Chứng thư hết hạn hoặc chưa có hiệu lực lúc ký.",
    "OUT_OF_BOUNDS_NOT_REVOKED": "Chứng thư hết hạn hoặc chưa có hiệu lực lúc ký.",
    "CRYPTO_CONSTRAINTS_FAILURE": "Thuật toán ký đã cũ, không còn an toàn.",
}


def _usage() -> Any:
    from pyhanko.sign.validation.settings import KeyUsageConstraints

    return KeyUsageConstraints(key_usage={"non_repudiation", "digital_signature"}, match_all_key_usages=False)


def _context(trust: str, moment: dt.datetime | None) -> Any:
    """Whom to believe, at the time of signing: certificates expire, signatures made before do not."""
    from pyhanko_certvalidator import ValidationContext

    moment = moment if moment and moment.tzinfo else None
    return ValidationContext(
        trust_roots=list(_roots(trust)), moment=moment, best_signature_time=moment, allow_fetching=False,
        revocation_mode="soft-fail",
    )  # fmt: skip


def _roots(trust: str) -> Iterator[Any]:
    """The certificates in the folder, PEM or DER; what is none is passed over."""
    from asn1crypto import pem, x509

    files = sorted(Path(trust).glob("*"))[:MOST_ROOTS] if trust else []
    for file in files:
        if file.suffix.lower() not in (".pem", ".crt", ".cer", ".der"):
            continue
        content = file.read_bytes()
        try:
            each = pem.unarmor(content, multiple=True) if pem.detect(content) else [("", {}, content)]
            yield from [x509.Certificate.load(der) for _, _, der in each]
        except ValueError:
            continue


def _facts(certificate: Any) -> dict[str, Any]:
    subject = certificate.subject.native
    named = [subject.get(name) for name in ("organization_name", "organizational_unit_name")]
    organs = [text for one in named if one for text in (one if isinstance(one, list) else [one])]
    return {"signer": _line(subject.get("common_name")), "organs": tuple(str(one)[:200] for one in organs[:5])}


def _line(value: Any) -> str | None:
    first = value[0] if isinstance(value, list) and value else value
    return " ".join(str(first).split())[:200] if first else None


def _verdict(facts: dict[str, Any], trusted: bool, whole: bool) -> str:
    if not facts["intact"]:
        return BROKEN
    if not whole:
        return CHANGED
    if facts["algorithm"].lower().replace("-", "") in ("sha1", "md5"):
        return WEAK
    return TRUSTED if trusted else UNKNOWN


# ------------------------------------------------------------------------------------------------ XML


def of_xml(path: Path, trust: str, covers: Callable[[Sequence[bytes]], bool], day: str) -> tuple[Verified, ...]:
    """The signature of an XML message; called in a child.

    `covers` is asked whether the parts that are really signed say all that was read: a signature that is right over
    some other part of the file is worth nothing (signature wrapping). `day`: ISO date at which its certificate must
    hold.
    """
    try:
        import signxml  # noqa: F401
    except ImportError:
        return (unchecked("xml", NO_EXTRA),)
    return (_tried(lambda: _xml_signature(path, trust, covers, day)) or unchecked("xml", FAILED),)


def _xml_signature(path: Path, trust: str, covers: Callable[[Sequence[bytes]], bool], day: str) -> Verified:
    from lxml import etree

    content = path.read_bytes()
    begin = content.find(b"<?xml")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    root = etree.fromstring(content[max(0, begin) :], parser)
    found = root.findall(".//{http://www.w3.org/2000/09/xmldsig#}Signature")
    if len(found) != 1:
        return unchecked("xml", MANY)
    certificates = [_certificate(node.text or "") for node in found[0].iter("{*}X509Certificate")]
    if not certificates:
        return unchecked("xml", FAILED)
    methods = found[0].iter("{*}DigestMethod", "{*}SignatureMethod")
    is_weak = any("sha1" in str(node.get("Algorithm")) for node in methods)
    for certificate in certificates:
        signed = _signed(root, parser, certificate)
        if signed is not None:
            break
    facts = _facts(certificate) | {"algorithm": "sha1" if is_weak else "", "intact": signed is not None}
    whole = bool(signed) and covers(signed or ())
    trusted = whole and _is_trusted(certificate, certificates, trust, day)
    why = PART if signed is not None and not whole else "" if trusted or not whole else NOBODY
    return Verified("xml", _verdict(facts, trusted, whole), why, whole=whole, **facts)


def _certificate(text: str) -> Any:
    from asn1crypto import x509

    return x509.Certificate.load(base64.b64decode(text))


def _is_trusted(certificate: Any, others: Sequence[Any], trust: str, day: str) -> bool:
    """Whether it leads to somebody who is believed, on that day."""
    from pyhanko_certvalidator import CertificateValidator
    from pyhanko_certvalidator.errors import PathBuildingError, PathError

    moment = dt.datetime.fromisoformat(day).replace(hour=12, tzinfo=dt.UTC) if day else None
    validator: Any = CertificateValidator(certificate, list(others), _context(trust, moment))
    try:
        asyncio.run(validator.async_validate_usage({"digital_signature"}))
    except (PathBuildingError, PathError):
        return False
    return True


def _signed(root: Any, parser: Any, certificate: Any) -> list[bytes] | None:
    """What the signature really covers; None when it does not hold with this certificate. SHA-1 is told as weak."""
    from cryptography.x509 import load_der_x509_certificate
    from lxml import etree
    from signxml.algorithms import DigestAlgorithm, SignatureMethod
    from signxml.exceptions import InvalidSignature
    from signxml.verifier import SignatureConfiguration, XMLVerifier

    key = load_der_x509_certificate(certificate.dump())
    expected = SignatureConfiguration(
        expect_references=True, signature_methods=frozenset(SignatureMethod),
        digest_algorithms=frozenset(DigestAlgorithm), verification_time=key.not_valid_before_utc,
    )  # fmt: skip
    try:
        found = XMLVerifier().verify(root, x509_cert=key, expect_config=expected, parser=parser)
    except InvalidSignature:
        return None
    results = found if isinstance(found, list) else [found]
    # Nothing but what signxml hands out was signed: the rest of the file may say anything.
    return [etree.tostring(one.signed_xml) for one in results if one.signed_xml is not None]
