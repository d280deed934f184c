"""Everything an office owns, in one folder that is read without us: `vanthu export --all`.

    index.html, trang/                books, papers and work files to browse, without a script
    van-ban/2026/den/00012 - …        each paper: what came in to the byte, a PDF/A-2b copy, what is known as JSON
    so-dang-ky/                       books as Excel and CSV, their metadata of NĐ 30/2020, Appendix VI
    tui/den-2026/                     a bag a book and year, which `vanthu import` of another archive takes over
    thu/                              messages papers came in
    co-quan/, nhat-ky/                units, people, lists, settings as JSON; the chain of events
    manifest-sha256.txt               every file with its SHA-256, written last: the run came to its end

A run that was killed is begun again and goes on: what was whole and was not touched since stays. Nothing in
quarantine, no password and no key is in it.
"""

from archive.leaving.everything import leave
from archive.leaving.papers import Left

__all__ = ["Left", "leave"]
