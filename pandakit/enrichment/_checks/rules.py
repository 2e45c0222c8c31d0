"""What makes a table unacceptable or doubtful: one row per rule."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

__all__ = ["ERROR", "LIMITS", "RULES", "WARNING", "Limits", "Rule"]

ERROR: Final = "error"
#: The source can be read in two ways: a warning, and with `strict=True` an error.
DOUBTFUL: Final = "doubtful"
WARNING: Final = "warning"

_TABLE = "Create Mapping Enrichment Table"
_CSV = "RFC 4180"
_UTF8 = "RFC 3629"
_GUESS = "our reading"


class Limits(NamedTuple):
    """The numbers behind the rules; where there are two readings, both."""

    safe_value_bytes: int = 32_000
    value_characters: int = 32_768
    safe_file_bytes: int = 500_000_000
    file_bytes: int = 524_288_000
    tag_name_characters: int = 64
    shown_characters: int = 512
    shown_items: int = 30
    alert_tags: int = 1_000
    items_per_tag: int = 500
    items: int = 20_000
    result_tags: int = 200


LIMITS = Limits()


class Rule(NamedTuple):
    """One condition that is checked, and the page that it comes from."""

    name: str
    severity: Literal["error", "doubtful", "warning"]
    source: str
    message: str


_ROWS = (
    # the table as a whole
    Rule("no_rows", ERROR, _TABLE, "the table needs a header row and at least one row of values"),
    Rule("missing_column", ERROR, _TABLE, "the table lacks this column of the schema{hint}"),
    Rule("extra_column", ERROR, _TABLE, "the schema does not have this column{hint}"),
    Rule("repeated_column", ERROR, _TABLE, "the table has this column {times} times"),
    Rule("column_name", ERROR, _TABLE, "a column name must be text, not {kind}"),
    Rule("column_order", WARNING, _GUESS, "the columns are not in the schema's order"),
    Rule("index", WARNING, _GUESS, "the index is not sent: reset_index() makes it a column"),
    Rule("file_size", ERROR, _TABLE, "{bytes:,} bytes: more than 500 MB, however read"),
    Rule("file_size_doubt", DOUBTFUL, _TABLE, "{bytes:,} bytes: 500 MB may mean 500,000,000"),
    Rule("tag_name", ERROR, "Tag Naming", "{tag!r} cannot be the name of an alert tag: {why}"),
    Rule(
        "query_tag_name", WARNING, "Tag Naming", "{tag!r} cannot be the name of an alert tag: {why}"
    ),
    Rule(
        "organisation_limit", ERROR, _TABLE, "{count:,} {what}: an organisation may have {most:,}"
    ),
    # one cell
    Rule("line_break", ERROR, _TABLE, "a line break (LF or CR) inside a value"),
    Rule("value_length", ERROR, _TABLE, "{characters:,} characters: more than 32K, however read"),
    Rule("value_length_doubt", DOUBTFUL, _TABLE, "{bytes:,} bytes: 32K may mean 32,000 bytes"),
    Rule("last_row_blank", ERROR, _TABLE, "whitespace before a closing quote on the last line"),
    Rule("control_character", ERROR, _GUESS, "a NUL or other control character"),
    Rule("lone_surrogate", ERROR, _UTF8, "half of a surrogate pair cannot be written as UTF-8"),
    Rule("not_finite", ERROR, _GUESS, "infinity has no text form"),
    Rule("no_text_form", ERROR, _GUESS, "this {kind} has no text form: convert it"),
    Rule("unicode_line_break", WARNING, _GUESS, "a Unicode line break (VT, FF, NEL, LS or PS)"),
    Rule(
        "surrounding_whitespace",
        WARNING,
        _GUESS,
        "leading or trailing whitespace counts when tags are compared",
    ),
    Rule("formula", WARNING, "CSV Injection (OWASP)", "a spreadsheet takes this for a formula"),
    Rule(
        "pipe",
        WARNING,
        "Create Enrichment",
        "a pipe separates values; to keep it, pass a list of one item: [text]",
    ),
    Rule("empty_key", WARNING, _GUESS, "an empty query value: what it matches is not documented"),
    Rule("value_cut", WARNING, "Alert Object", "alerts show the first 512 characters of a value"),
    Rule("items_cut", WARNING, "Alert Object", "more than 30 values: alerts show the first 30"),
    # rows against each other
    Rule("duplicate_row", ERROR, _TABLE, "the same text as row {first}"),
    Rule("key_conflict", ERROR, "Update Map Row", "row {first} has this key with other results"),
    Rule("key_case", WARNING, _GUESS, "the key differs from that of row {first} only by case"),
    # the bytes of a file
    Rule("byte_order_mark", ERROR, _GUESS, "a byte order mark becomes part of the first title"),
    Rule("line_ends", ERROR, _TABLE, "{returns:,} line ends have a CR; only LF is accepted"),
    Rule("final_newline", ERROR, _TABLE, "the file must end with a newline"),
    Rule("extra_newline", DOUBTFUL, _TABLE, "more than one newline at the end of the file"),
    Rule("blank_line", ERROR, _CSV, "a blank line between rows"),
    Rule("invalid_utf8", ERROR, _UTF8, "bytes that are not UTF-8"),
    Rule("quotes", ERROR, _CSV, "a quote that does not enclose a whole value"),
    Rule("cell_count", ERROR, _CSV, "{actual} values, but the header row has {expected}"),
    Rule("unreadable", ERROR, _CSV, "cannot be read as CSV: {why}"),
)

RULES = {rule.name: rule for rule in _ROWS}
