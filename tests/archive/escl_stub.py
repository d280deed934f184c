"""A network scanner on loopback: a small real HTTP(S) server that speaks eSCL as printers do, its faults included."""

import contextlib
import datetime as dt
import io
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image, ImageDraw

CAPABILITIES = """<?xml version="1.0" encoding="UTF-8"?>
<scan:ScannerCapabilities xmlns:scan="http://schemas.hp.com/imaging/escl/2011/05/03"
 xmlns:pwg="http://www.pwg.org/schemas/2010/12/sm"><pwg:Version>2.63</pwg:Version>
<pwg:MakeAndModel>Giấy Tốt MFP 420</pwg:MakeAndModel>
<scan:Platen><scan:PlatenInputCaps>{caps}</scan:PlatenInputCaps></scan:Platen>
<scan:Adf><scan:AdfSimplexInputCaps>{caps}</scan:AdfSimplexInputCaps>
<scan:AdfDuplexInputCaps>{caps}</scan:AdfDuplexInputCaps></scan:Adf></scan:ScannerCapabilities>"""
CAPS = """<scan:SettingProfiles><scan:SettingProfile><scan:ColorModes><scan:ColorMode>Grayscale8</scan:ColorMode>
<scan:ColorMode>RGB24</scan:ColorMode></scan:ColorModes><scan:SupportedResolutions><scan:DiscreteResolutions>
<scan:DiscreteResolution><scan:XResolution>200</scan:XResolution><scan:YResolution>200</scan:YResolution>
</scan:DiscreteResolution><scan:DiscreteResolution><scan:XResolution>300</scan:XResolution>
<scan:YResolution>300</scan:YResolution></scan:DiscreteResolution></scan:DiscreteResolutions>
</scan:SupportedResolutions></scan:SettingProfile></scan:SettingProfiles>"""
STATUS = """<?xml version="1.0"?><scan:ScannerStatus xmlns:scan="http://schemas.hp.com/imaging/escl/2011/05/03"
 xmlns:pwg="http://www.pwg.org/schemas/2010/12/sm"><pwg:State>{state}</pwg:State>
<scan:AdfState>{adf}</scan:AdfState></scan:ScannerStatus>"""


def jpeg(number, *, blank=False, size=(850, 1169), mode="RGB"):
    """A page with its number on it, at 100 dpi, as a scanner packs it."""
    page = Image.new(mode, size, "white")
    draw = ImageDraw.Draw(page)
    for row in range(0 if blank else 24):
        draw.text((90, 120 + row * 36), f"Page {number}: paragraph {row} of what stands here " * 2, fill="black")
    out = io.BytesIO()
    page.save(out, "JPEG", quality=88, dpi=(200, 200))
    return out.getvalue()


class Scanner:
    """What lies in the feeder, and what is wrong with it."""

    def __init__(self, sheets=()):
        self.feeder = list(sheets)
        """JPEGs; None: the sheet jams."""
        self.state, self.adf = "Idle", None
        self.asked, self.settings = [], []
        self.hold = threading.Event()
        self.hold.set()
        self.location = "/eSCL/ScanJobs/1"

    @property
    def adf_state(self):
        return self.adf or ("ScannerAdfLoaded" if self.feeder else "ScannerAdfEmpty")

    def answer(self, method, path, body):
        """(status, headers, body)"""
        self.asked.append(f"{method} {path}")
        if path.endswith("/ScannerCapabilities"):
            return 200, {}, CAPABILITIES.format(caps=CAPS).encode()
        if path.endswith("/ScannerStatus"):
            return 200, {}, STATUS.format(state=self.state, adf=self.adf_state).encode()
        if method == "POST" and path.endswith("/ScanJobs"):
            self.settings.append(body.decode())
            self.state = "Processing"  # and so it stays until the job is over
            return 201, {"Location": self.location}, b""
        if path.endswith("/NextDocument"):
            return self.next()
        if method == "DELETE":
            self.state = "Idle"
            return 200, {}, b""
        return 404, {}, b""

    def next(self):
        self.hold.wait(20)
        if not self.feeder:
            return 404, {}, b""
        page = self.feeder.pop(0)
        if page is None:
            self.adf = "ScannerAdfJam"
            return 404, {}, b""
        return 200, {"Content-Type": "image/jpeg"}, page


@contextlib.contextmanager
def serving(scanner, certificate=None, port=0):
    """Its address while it is switched on."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, content = scanner.answer(self.command, self.path, body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(content)

        do_POST = do_DELETE = do_GET

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}/eSCL"
    finally:
        server.shutdown()
        server.server_close()


def self_signed(file):
    """A certificate as printers make their own, with its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "printer")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now).not_valid_after(now + dt.timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    told = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(told + certificate.public_bytes(pem))
    return file


def asked_for(settings, name):
    """What a job's settings say under a name."""
    found = re.search(rf"<\w+:{name}>([^<]*)<", settings)
    return found and found[1]
