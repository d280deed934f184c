"""edXML messages between offices (QCVN 102:2016/BTTTT, TT 10/2016/TT-BTTTT, amended by TT 01/2022/TT-BTTTT).

A message is opened in a child (`opening.py`), kept whole as evidence, and what is in it goes through the ordinary door
(`door.py`); `findings.py` puts what it says beside what is read on the paper; `statuses.py` and `writing.py` answer.
"""

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
OLDER = "http://www.e-doc.vn/Schema/"
"""Of the drafts before the standard; offices still send it. Elements are told by their names, whatever namespace."""
KIND = "edxml"
"""Of its row among the messages, and the door of its scans."""
