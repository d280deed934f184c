"""The metadata of incoming papers and of work files as NĐ 30/2020/NĐ-CP, Appendix VI wants them handed on.

`fields.py` is the law's table, `gathering.py` fills it from an archive, `writing.py` gives it out as CSV, Excel or
JSON. Nothing is cut to a length of the law: what is longer, or of another kind, goes out whole and is told.
"""

from archive.official.fields import FILES, INCOMING, Field, Record
from archive.official.gathering import Metadata, file_record, file_records, metadata, of_entry, of_file, page
from archive.official.writing import FORMAT, as_csv, as_json, as_object, as_xlsx, schema, told

__all__ = [
    "FILES",
    "FORMAT",
    "INCOMING",
    "Field",
    "Metadata",
    "Record",
    "as_csv",
    "as_json",
    "as_object",
    "as_xlsx",
    "file_record",
    "file_records",
    "metadata",
    "of_entry",
    "of_file",
    "page",
    "schema",
    "told",
]
