"""`python -m server.demo`: loads the sample papers into the archive of the settings; `./run --demo` does it."""

import logging
import sys

from archive.config import load as load_settings
from server import demo

logging.basicConfig(level=logging.WARNING)
demo.load(load_settings())
sys.stderr.write("Đã nạp các bản quét mẫu.\n")
