"""The face of the archive for plugin authors: everything a plugin may import. Light: no database, no web."""

from archive.bundles import stamp_in_text
from archive.citations import find_citations, without_self
from archive.codes import (
    AMBIGUOUS,
    ORGANS,
    PARTY,
    PARTY_TYPES,
    STATE,
    STATE_TYPES,
    TYPE_NAMES,
    Code,
    NumberLine,
    clean_symbol,
    find_codes,
    is_known_symbol,
    mended_symbol,
    organ_of,
    read_number_line,
    short_forms,
    type_of_title,
)
from archive.findings import Citation, Finding, Mark, Mention, Record, Route, Settled, Stamp
from archive.hookspecs import hookimpl
from archive.office import Office, Pattern, Rule, Signer
from archive.organs import initials, is_central, needs_superior, organ_name, organs_of, province_of_organ, with_superior
from archive.provinces import Province, changes, current_of, name_of, province_in
from archive.reading import Box, Gap, Line, Page, Span, Text, Word, around
from archive.vietnamese import (
    Day,
    distance,
    find_dates,
    fold,
    is_capitals,
    iso_date,
    plain_letters,
    same_name,
    short_date,
    syllables,
    words_of,
)

__all__ = [
    "AMBIGUOUS", "ORGANS", "PARTY", "PARTY_TYPES", "STATE", "STATE_TYPES", "TYPE_NAMES", "Box", "Citation", "Code",
    "Day", "Finding", "Gap", "Line", "Mark", "Mention", "NumberLine", "Office", "Page", "Pattern", "Province",
    "Record", "Route", "Rule", "Settled", "Signer", "Span", "Stamp", "Text", "Word", "around", "changes",
    "clean_symbol", "current_of", "distance", "find_citations", "find_codes", "find_dates", "fold", "hookimpl",
    "initials", "is_capitals", "is_central", "is_known_symbol", "iso_date", "mended_symbol", "name_of",
    "needs_superior", "organ_name", "organ_of", "organs_of", "plain_letters", "province_in", "province_of_organ",
    "read_number_line", "same_name", "short_date", "short_forms", "stamp_in_text", "syllables", "type_of_title",
    "with_superior", "without_self", "words_of",
]  # fmt: skip
