"""edXML messages as offices send them, made from the element tree of QCVN 102:2016/BTTTT."""

import base64
import io
from xml.sax.saxutils import escape

from reportlab.pdfgen import canvas

NS = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
FACTS = {
    "organ_id": "000.00.00.H14", "organ": "UBND tỉnh Cao Bằng", "number": "471", "symbol": "UBND-VX",
    "place": "Cao Bằng", "date": "2026/03/30", "type": "Công văn", "subject": "V/v phòng, chống dịch",
    "competence": "TM.", "position": "Chủ tịch", "signer": "Nguyễn Văn An", "due": "2026/04/15", "priority": "1",
    "business": "0", "about": "", "reason": "", "more": "", "reply": "",
}  # fmt: skip


def pdf(text="x", lines=()):
    """A born-digital PDF with these lines of plain letters."""
    out = io.BytesIO()
    page = canvas.Canvas(out, invariant=1)
    for n, line in enumerate((text, *lines)):
        page.drawString(90, 780 - 18 * n, line)
    page.save()
    return out.getvalue()


def code(facts):
    return f"{facts['organ_id']},{facts['date']},{facts['number']}/{facts['symbol']}"


def message(files=(), ns=NS, signature="", **facts):
    """The text of a message; `files` are (name, bytes or base64 text)."""
    f = FACTS | facts
    lines = "".join(
        f'<edXML:Reference><ContentId>cid:{n}</ContentId><ContentType>application/pdf</ContentType>'
        f"<AttachmentName>{escape(name)}</AttachmentName></edXML:Reference>" for n, (name, _) in enumerate(files)
    )  # fmt: skip
    attached = "".join(
        f"<Attachment><ContentId>cid:{n}</ContentId><AttachmentName>{escape(name)}</AttachmentName>"
        f"<edXML:ContentTransferEncoded>{_encoded(content)}</edXML:ContentTransferEncoded></Attachment>"
        for n, (name, content) in enumerate(files)
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<edXML:edXML xmlns:edXML="{ns}"><edXML:edXMLEnvelope><edXML:edXMLHeader><edXML:MessageHeader>
<From><OrganId>{f["organ_id"]}</OrganId><OrganName>{f["organ"]}</OrganName></From>
<To><OrganId>000.00.00.H35</OrganId><OrganName>UBND tỉnh Lạng Sơn</OrganName></To>
<DocumentId>{code(f)}</DocumentId>
<Code><CodeNumber>{f["number"]}</CodeNumber><CodeNotation>{f["symbol"]}</CodeNotation></Code>
<PromulgationInfo><Place>{f["place"]}</Place><PromulgationDate>{f["date"]}</PromulgationDate></PromulgationInfo>
<DocumentType><Type>2</Type><TypeName>{f["type"]}</TypeName></DocumentType>
<Subject>{escape(f["subject"])}</Subject><Content/>
<SignerInfo><Competence>{f["competence"]}</Competence><Position>{f["position"]}</Position>
<FullName>{f["signer"]}</FullName></SignerInfo><DueDate>{f["due"]}</DueDate>
<OtherInfo><Priority>{f["priority"]}</Priority><Appendixes><Appendix>Biểu 1</Appendix></Appendixes></OtherInfo>
<ToPlaces><Place>Như trên</Place><Place>Lưu: VT</Place></ToPlaces>{f["reply"]}{f["more"]}
</edXML:MessageHeader><edXML:TraceHeaderList><TraceHeader><OrganId>{f["organ_id"]}</OrganId>
<Timestamp>2026/03/30 10:20:30</Timestamp></TraceHeader><Bussiness><DocumentId>{f["about"]}</DocumentId>
<BussinessDocType>{f["business"]}</BussinessDocType><BussinessDocReason>{f["reason"]}</BussinessDocReason></Bussiness>
</edXML:TraceHeaderList></edXML:edXMLHeader>{signature}<edXML:edXMLBody><edXML:edXMLManifest version="1.0">{lines}
</edXML:edXMLManifest></edXML:edXMLBody></edXML:edXMLEnvelope><AttachmentEncoded>{attached}</AttachmentEncoded>
</edXML:edXML>"""


def _encoded(content):
    return content if isinstance(content, str) else base64.encodebytes(content).decode()
