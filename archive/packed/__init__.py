"""ZIP files as people pack them: pictures that are the pages of one scan, or papers that came together.

A ZIP of nothing but pictures is a scan itself (`leaves.py` says which picture is which page). Any other is opened in a
child (`opening.py`) and kept whole as evidence, and what is in it goes through the ordinary door (`door.py`).
"""

KIND = "zip"
"""Of its row among the messages, and the door of its scans."""
ZIP = "application/zip"
MEMBERS = 1000
"""Most files in a ZIP."""
LARGE = 64 << 20
"""Bytes below which nobody asks how far a file was packed: a white page of A3 in colour packs 1000 times."""
