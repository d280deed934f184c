"""Digital signatures of PDFs and messages: what holds, whose word it is, and what was done to the file afterwards."""

import datetime as dt
import io

import pytest

pytest.importorskip("pyhanko")
pytest.importorskip("signxml")

from asn1crypto import keys
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lxml import etree
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore
from signxml import DigestAlgorithm, SignatureMethod, XMLSigner, methods

from archive import signed
from archive.edxml import opening
from archive.findings import Finding, settle
from archive.models import Scan
from archive.pipeline import reading
from archive.signers import conflicts
from tests.archive.edxml_samples import message, pdf

PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
NOW = dt.datetime.now(dt.UTC)


class Holder:
    """A certificate and its key."""

    def __init__(self, name, organ, by=None, days=(-400, 400)):
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organ),
                             x509.NameAttribute(NameOID.COMMON_NAME, name)])  # fmt: skip
        builder = x509.CertificateBuilder(
            by.certificate.subject if by else subject, subject, self.key.public_key(), x509.random_serial_number(),
            NOW + dt.timedelta(days[0]), NOW + dt.timedelta(days[1]),
        )  # fmt: skip
        builder = builder.add_extension(x509.BasicConstraints(by is None, None), True)
        usage = x509.KeyUsage(by is not None, by is not None, False, False, False, by is None, by is None, False, False)
        self.certificate = builder.add_extension(usage, True).sign((by or self).key, hashes.SHA256())
        self.pem = self.certificate.public_bytes(PEM)

    def asn1(self):
        return asn1.Certificate.load(self.certificate.public_bytes(DER))

    def private(self, encoding):
        return self.key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@pytest.fixture(scope="module")
def root():
    return Holder("CA thử", "Ban Cơ yếu thử")


@pytest.fixture(scope="module")
def organ(root):
    return Holder("Ủy ban nhân dân tỉnh Cao Bằng", "UBND tỉnh Cao Bằng", root)


@pytest.fixture
def trust(tmp_path, root):
    folder = tmp_path / "tin"
    folder.mkdir()
    (folder / "root.pem").write_bytes(root.pem)
    (folder / "readme.txt").write_text("x")
    (folder / "junk.crt").write_bytes(b"junk")
    return str(folder)


def sign(content, holder, field="Ký", digest="sha256"):
    key = keys.PrivateKeyInfo.load(holder.private(DER))
    by = signers.SimpleSigner(holder.asn1(), key, SimpleCertificateStore())
    facts = signers.PdfSignatureMetadata(field, md_algorithm=digest, subfilter=fields.SigSeedSubFilter.PADES)
    return signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(content)), facts, signer=by).getvalue()


def painted_over(content):
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page[generic.pdf_name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=b"0 0 99 99 re f"))
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def spoilt(content):
    place = content.index(b"stream") + 12
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def of_pdf(tmp_path, content, trust=""):
    (tmp_path / "a.pdf").write_bytes(content)
    return signed.of_pdf(str(tmp_path / "a.pdf"), trust)


def test_a_pdf_says_who_signed_when_and_whether_the_signer_is_believed(tmp_path, organ, trust):
    content = sign(pdf(), organ)
    (one,) = of_pdf(tmp_path, content, trust)
    assert (one.verdict, one.intact, one.whole, one.stamped) == (signed.TRUSTED, True, True, False)
    assert (one.signer, one.organs) == ("Ủy ban nhân dân tỉnh Cao Bằng", ("UBND tỉnh Cao Bằng",))
    assert one.at.endswith("+07:00")
    (one,) = of_pdf(tmp_path, content)
    assert (one.verdict, one.intact) == (signed.UNKNOWN, True) and "tin cậy" in one.why


def test_what_is_changed_or_added_after_signing_is_seen(tmp_path, organ, root, trust):
    content = sign(pdf(), organ)
    person = Holder("Nguyễn Văn An", "UBND tỉnh Cao Bằng", root)
    assert [one.verdict for one in of_pdf(tmp_path, sign(content, person, "Hai"), trust)] == [signed.TRUSTED] * 2
    assert [one.verdict for one in of_pdf(tmp_path, painted_over(content), trust)] == [signed.CHANGED]
    assert [one.verdict for one in of_pdf(tmp_path, spoilt(content), trust)] == [signed.BROKEN]
    assert [one.verdict for one in of_pdf(tmp_path, content[:-200], trust)] == [signed.UNCHECKED]


def test_old_algorithms_and_certificates_that_had_ended_are_not_believed(tmp_path, root, trust):
    ended = Holder("Cũ", "UBND tỉnh Cao Bằng", root, days=(-900, -500))
    (one,) = of_pdf(tmp_path, sign(pdf(), ended), trust)
    assert (one.verdict, one.intact) == (signed.UNKNOWN, True) and "hết hạn" in one.why
    weak = sign(pdf(), Holder("Yếu", "UBND tỉnh Cao Bằng", root), digest="sha1")
    assert of_pdf(tmp_path, weak, trust)[0].verdict == signed.WEAK
    stranger = sign(pdf(), Holder("Lạ", "Lạ"))
    assert of_pdf(tmp_path, stranger, trust)[0].verdict == signed.UNKNOWN


# ------------------------------------------------------------------------------------------------ XML


def sign_xml(text, holder, **more):
    root = etree.fromstring(text.encode())
    signer = XMLSigner(
        methods.enveloped, SignatureMethod.ECDSA_SHA256, DigestAlgorithm.SHA256,
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    )  # fmt: skip
    made = signer.sign(root, key=holder.private(PEM), cert=[holder.pem.decode()], **more)
    return etree.tostring(made).decode()


def of_xml(tmp_path, content, trust):
    (tmp_path / "m.xml").write_text(content)
    inside = tmp_path / "inside"
    inside.mkdir()
    found = opening.open_message(str(tmp_path / "m.xml"), str(inside), 20 << 20, trust)
    return found.told, found.signatures[0]


DAY = NOW.strftime("%Y/%m/%d")


def test_a_signed_message_counts_when_all_that_is_read_is_signed(tmp_path, organ, trust):
    told, one = of_xml(tmp_path, sign_xml(message([("a.pdf", pdf())], date=DAY), organ), trust)
    assert (one["verdict"], one["whole"], told.number) == (signed.TRUSTED, True, "471")
    assert one["signer"] == "Ủy ban nhân dân tỉnh Cao Bằng"


def test_a_message_without_trust_is_unchanged_but_of_nobody_known(tmp_path, organ):
    assert of_xml(tmp_path, sign_xml(message(date=DAY), organ), "")[1]["verdict"] == signed.UNKNOWN


def test_a_message_changed_after_signing_is_broken(tmp_path, organ, trust):
    bent = sign_xml(message(date=DAY), organ).replace("<CodeNumber>471", "<CodeNumber>999")
    assert of_xml(tmp_path, bent, trust)[1]["verdict"] == signed.BROKEN


def test_header_and_file_may_be_signed_apart(tmp_path, organ, trust):
    whole = message([("a.pdf", pdf())], date=DAY).replace("<edXML:edXMLHeader>", '<edXML:edXMLHeader Id="h">')
    apart = whole.replace("<AttachmentEncoded>", '<AttachmentEncoded Id="f">')
    told, one = of_xml(tmp_path, sign_xml(apart, organ, reference_uri=["#h", "#f"]), trust)
    assert (one["verdict"], told.number) == (signed.TRUSTED, "471")


def test_what_is_wrapped_around_a_signed_part_is_not_believed(tmp_path, organ, trust):
    """Signature wrapping: the signed message stands aside, another one is read; its own header is what was signed."""
    right = message(date=DAY).replace("<edXML:edXMLHeader>", '<edXML:edXMLHeader Id="h">')
    partly = sign_xml(right, organ, reference_uri="#h")
    header = partly[partly.index("<edXML:edXMLHeader") : partly.index("</edXML:edXMLHeader>") + 20]
    forged = header.replace('Id="h"', "").replace("471", "999")
    wrapped = partly.replace(header, forged).replace("<AttachmentEncoded", f"<Aside>{header}</Aside><AttachmentEncoded")
    told, one = of_xml(tmp_path, wrapped, trust)
    assert told.number == "999"
    assert (one["intact"], one["whole"], one["verdict"]) == (True, False, signed.CHANGED) and one["why"] == signed.PART


# ------------------------------------------------------------------------------------------------ against the paper


@pytest.mark.parametrize(("known", "found", "kept"), [
    (1, (signed.TRUSTED,), [signed.TRUSTED]), (2, (signed.TRUSTED,), [signed.TRUSTED]),
    (2, (signed.UNCHECKED,), [signed.UNCHECKED] * 2),
])  # fmt: skip
def test_a_scan_keeps_what_was_found_of_its_signatures_and_goes_on(known, found, kept):
    scan = Scan(signatures=[{"signer": "An", "at": "2026-03-30", "reason": "x"}] * known)
    answer = [signed.Verified("pdf", verdict, signer="Bình") for verdict in found]
    assert list(reading.keep_verify(None, None, scan, None, [answer])) == [("look", (0,))]
    assert [one["verdict"] for one in scan.signatures] == kept


def of(date="2026-03-30", organ="Ủy ban nhân dân tỉnh Cao Bằng", **signature):
    known = {"verdict": signed.TRUSTED, "at": "2026-03-30T08:00:00+07:00", "organs": ["UBND tỉnh Cao Bằng"]}
    read = [Finding("date", date, 0.99, witness="layer"), Finding("issuing_organ", organ, 0.99, witness="layer")]
    record = settle([*read, *conflicts(read, [known | signature])])
    return set(record.flags), record.fields["date"].sure, record.fields["issuing_organ"].sure


@pytest.mark.parametrize(("facts", "flags", "date_sure", "organ_sure"), [
    ({}, set(), True, True), ({"date": "2026-03-31"}, {"signed_before_date"}, False, True),
    ({"date": "2025-10-01"}, {"signed_long_after_date"}, False, True),
    ({"organ": "Sở Y tế tỉnh Sơn La"}, {"signed_by_other_organ"}, True, False),
    ({"organ": "Văn phòng Ủy ban nhân dân tỉnh Cao Bằng"}, set(), True, True),
    ({"organ": "Ủy ban nhân dân"}, set(), True, True),
    ({"organ": "Sở Y tế tỉnh Sơn La", "organs": []}, set(), True, True),
    ({"verdict": signed.BROKEN, "date": "2026-03-31"}, {"signature_broken"}, True, True),
    ({"verdict": signed.CHANGED}, {"signature_changed"}, True, True),
    ({"verdict": None, "date": "2026-03-31"}, set(), True, True),
])  # fmt: skip
def test_signer_and_time_are_held_against_issuer_and_date(facts, flags, date_sure, organ_sure):
    assert of(**facts) == (flags, date_sure, organ_sure)
