"""Gói nộp lưu: a closed work file as the package (SIP) that an archive takes, with BagIt around it.

    data/METS.xml                                  every file with its digest; OBJID urn:<fonds>:uuid:<file's id>
    data/metadata/descriptive/EAD.xml              the file and its papers for readers of finding aids (EAD3)
    data/metadata/descriptive/ND30-PLVI.json       the same in the fields of NĐ 30/2020, Appendix VI
    data/metadata/preservation/PREMIS.xml          what became of each file of the package, and when (PREMIS 3)
    data/representations/rep1/data/*.pdf           a searchable copy of each paper, PDF/A-2b
    data/representations/original/data/*           what came in, to the byte: signatures stay true
    data/documentation/*.pdf                       mục lục văn bản, mục lục hồ sơ
    data/schemas/README.txt                        which formats these are

As TT 05/2025/TT-BNV lays it out. The same file packed again is the same to the byte, but for the moments in METS,
EAD, PREMIS and bag-info. Papers with a grade of secrecy and those in quarantine are never in it.
"""

from archive.handover.checking import check
from archive.handover.contents import Item, Package, named, plan
from archive.handover.packing import ZipBag, prepare, write

__all__ = ["Item", "Package", "ZipBag", "check", "named", "plan", "prepare", "write"]
