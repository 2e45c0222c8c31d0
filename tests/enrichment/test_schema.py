"""The mapping schema, and the service's JSON for it."""

import pytest

from pandakit.enrichment import EnrichmentSchema
from pandakit.errors import EnrichmentError

FULL = {
    "id": "0b5c",
    "type": "mapping",
    "active": False,
    "when": {"=": ["source_system", "nagios.lab"]},
    "note": "kept by the CMDB team",
    "version": 3,
    "config": {
        "name": "owners",
        "case_insensitive": True,
        "id_generation_function": "use_md5",
        "fields": [
            {"title": "Team", "type": "result_tag", "tag_name": "owner", "override_existing": True},
            {"title": "host", "type": "query_tag"},
            {"title": "site", "type": "query_tag", "optional": True, "original_name": "x"},
        ],
    },
}


def test_reads_the_object_of_v21():
    """Every setting of the service's object is kept, the columns in its order."""
    schema = EnrichmentSchema.from_api(FULL)
    assert schema.columns == ("Team", "host", "site")
    assert [field.tag for field in schema.query] == ["host", "site"]
    assert [field.optional for field in schema.query] == [False, True]
    (team,) = schema.result
    assert (team.tag, team.override_existing) == ("owner", True)
    assert (schema.name, schema.case_insensitive, schema.active) == ("owners", True, False)
    assert (schema.schema_id, schema.note, schema.when) == ("0b5c", FULL["note"], FULL["when"])


def test_writes_what_it_reads():
    """What `to_api` gives is read back as the same schema, and leaves out the system's fields."""
    schema = EnrichmentSchema.from_api(FULL)
    body = schema.to_api()
    assert EnrichmentSchema.from_api(body) == schema
    assert body["config"]["fields"] == [
        {"title": "Team", "type": "result_tag", "tag_name": "owner", "override_existing": True},
        {"title": "host", "type": "query_tag"},
        {"title": "site", "type": "query_tag", "optional": True},
    ]
    assert "id" not in body


def test_knows_the_shape_of_v1():
    """In v1.0 the name is `map_name`, in both directions."""
    schema = EnrichmentSchema(["host"], ["owner"], name="owners")
    body = schema.to_api(api_version="v1.0")
    assert body["config"]["map_name"] == "owners"
    assert "name" not in body["config"]
    assert EnrichmentSchema.from_api(body) == schema
    assert EnrichmentSchema.from_api(body["config"]) == schema


def test_takes_the_usual_forms():
    """One text, a sequence and a mapping to tag names say the same."""
    by_text = EnrichmentSchema("host", "owner")
    assert by_text == EnrichmentSchema(["host"], ("owner",))
    assert by_text == EnrichmentSchema({"host": "host"}, {"owner": "owner"})
    assert hash(by_text) == hash(EnrichmentSchema(["host"], ["owner"]))
    assert by_text != EnrichmentSchema("host", "owner", case_insensitive=True)
    assert repr(by_text) == "EnrichmentSchema(['host'], ['owner'])"


def test_options_for_all_columns_or_some():
    """`True` means every column of the kind, a list only those."""
    every = EnrichmentSchema(["a", "b"], ["c", "d"], optional=True, override_existing=True)
    assert all(field.optional for field in every.query)
    assert all(field.override_existing for field in every.result)
    some = EnrichmentSchema(["a", "b"], ["c", "d"], optional="b", override_existing=["d"])
    assert [field.optional for field in some.query] == [False, True]
    assert [field.override_existing for field in some.result] == [False, True]


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: EnrichmentSchema([], ["b"]), "at least one query column"),
        (lambda: EnrichmentSchema(["a"], []), "at least one query column"),
        (lambda: EnrichmentSchema(["a", "a"], ["b"]), "column is repeated: 'a'"),
        (lambda: EnrichmentSchema(["a"], ["a"]), "column is repeated: 'a'"),
        (lambda: EnrichmentSchema(["a"], {"b": "x", "c": "x"}), "result tag is repeated: 'x'"),
        (lambda: EnrichmentSchema({"a": "x", "b": "x"}, "c"), "query tag is repeated: 'x'"),
        (lambda: EnrichmentSchema([""], ["b"]), "printable text"),
        (lambda: EnrichmentSchema(["a\nb"], ["b"]), "printable text"),
        (lambda: EnrichmentSchema([1], ["b"]), "printable text"),
        (lambda: EnrichmentSchema(["a"], ["b"], optional=["x"]), "no such column: 'x'"),
        (lambda: EnrichmentSchema(["a"], ["b"], columns=["a"]), "every query and result column"),
        (lambda: EnrichmentSchema("a", "b").to_api(api_version="v3"), "api_version 'v3'"),
        (lambda: EnrichmentSchema.from_api({"config": {}}), "config.fields"),
        (lambda: EnrichmentSchema.from_api({"config": None}), "config.fields"),
        (lambda: EnrichmentSchema.from_api({"fields": [{"title": "a"}]}), r"fields\[0\]"),
        (lambda: EnrichmentSchema.from_api({"fields": ["a"]}), r"fields\[0\]"),
    ],
)
def test_refuses_what_is_no_schema(build, says):
    """A schema that cannot be is refused when it is made, with the column named."""
    with pytest.raises(EnrichmentError, match=says):
        build()


KINDS = [None, True, 0, 1.5, "", "x", "\ud800", [], ["x"], [None], {}, {"x": []}]


def nodes(value, path=()):
    """Yield the path of every node of a JSON value."""
    yield path
    keys = {dict: list, list: lambda items: range(len(items))}.get(type(value), lambda _: ())
    for key in keys(value):
        yield from nodes(value[key], (*path, key))


def replaced(value, path, other):
    """Return a JSON value with one node replaced."""
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], other)
    return copy


@pytest.mark.parametrize("path", list(nodes(FULL)), ids=str)
def test_any_object_is_a_schema_or_an_error(path):
    """Whatever the service puts in any place, the schema is usable or the error is typed."""
    for other in KINDS:
        try:
            schema = EnrichmentSchema.from_api(replaced(FULL, path, other))
        except EnrichmentError:
            continue
        assert repr(schema)
        assert hash(schema) == hash(EnrichmentSchema.from_api(replaced(FULL, path, other)))
        assert schema.to_api()["config"]["fields"]
