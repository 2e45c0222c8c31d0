"""Panther in the sandbox: everything is there, and it is awkward to get."""

from datetime import timedelta

import pytest
import requests

from pandakit import sandbox
from tests.tokens import WRONG

LISTS = {
    "rules": "rules",
    "scheduled-rules": "scheduled_rules",
    "simple-rules": "simple_rules",
    "correlation-rules": "correlation_rules",
    "policies": "policies",
    "globals": "globals",
    "data-models": "data_models",
    "queries": "queries",
    "alert-context-tags": "alert_context_tags",
    "roles": "roles",
    "api-tokens": "api_tokens",
}


def pages_of(ask, path, **params):
    """Follow `next` to its end."""
    pages, cursor = [], None
    while True:
        found = params if cursor is None else params | {"cursor": cursor}
        pages.append(ask.panther(path, **found).json())
        cursor = pages[-1].get("next")
        if not cursor:
            return pages


def rows_of(pages):
    """Give the rows of pages, some of which have none."""
    return [row for page in pages for row in page.get("results") or []]


@pytest.mark.parametrize("limit", [7, 100])
@pytest.mark.parametrize(("path", "name"), LISTS.items())
def test_paging_to_the_end_gives_exactly_the_seed(ask, path, name, limit):
    """Following `next` to its end gives every row of the organisation once, in order."""
    assert (
        rows_of(pages_of(ask, f"/{path}", limit=limit)) == ask.services.organisation.panther[name]
    )


def test_about_three_hundred_detections_take_several_pages(ask):
    """The rules alone need three pages of 100, and all detections are about 300."""
    found = ask.services.organisation.panther
    kinds = ("rules", "scheduled_rules", "simple_rules", "correlation_rules", "policies")
    assert 280 <= sum(len(found[kind]) for kind in kinds) <= 340
    assert sum(1 for page in pages_of(ask, "/rules") if page.get("results")) == 3


def test_alerts_hide_what_is_old_or_an_error_until_asked(ask):
    """By default only alerts of the last 30 days come; other kinds and times on demand."""
    organisation = ask.services.organisation
    since = (organisation.now - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    expected = {
        row["id"]
        for row in organisation.panther["alerts"]
        if row["createdAt"] >= since and row["type"] == "RULE"
    }
    assert {row["id"] for row in rows_of(pages_of(ask, "/alerts"))} == expected
    everything = [
        row
        for kind in ("ALERT", "DETECTION_ERROR", "SYSTEM_ERROR")
        for row in rows_of(pages_of(ask, "/alerts", type=kind, **{"created-after": "2020-01"}))
    ]
    assert len(everything) == len(organisation.panther["alerts"])


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d", "%s"])
def test_alert_times_have_several_forms(ask, form):
    """A time filter may be RFC 3339, a date or Unix seconds: all keep the same alerts."""
    moment = ask.services.now.replace(day=15, month=5, hour=0)
    text = str(int(moment.timestamp())) if form == "%s" else moment.strftime(form)
    found = rows_of(pages_of(ask, "/alerts", **{"created-after": text}))
    assert found
    assert min(row["createdAt"] for row in found) >= "2026-05-15"


def test_users_that_are_deactivated_come_on_demand(ask):
    """Without include-deactivated only enabled users come."""
    seeded = ask.services.organisation.panther["users"]
    assert rows_of(pages_of(ask, "/users")) == [row for row in seeded if row["enabled"]]
    assert rows_of(pages_of(ask, "/users", **{"include-deactivated": "true"})) == seeded


def test_events_of_one_alert_have_several_pages(ask):
    """An alert with 73 events gives them in pages of at most 50."""
    alert = ask.services.organisation.panther["alerts"][0]
    pages = pages_of(ask, f"/alerts/{alert['id']}/events", limit=50)
    assert [len(page["results"]) for page in pages] == [50, 23]
    assert ask.panther("/alerts/none/events").status_code == 404


@pytest.mark.parametrize(
    ("path", "params", "keep"),
    [
        ("/rules", {"severity": ["HIGH", "LOW"]}, lambda r: r["severity"] in {"HIGH", "LOW"}),
        ("/rules", {"state": "disabled"}, lambda r: not r["enabled"]),
        ("/rules", {"name-contains": "WEBHOOK"}, lambda r: "webhook" in r["displayName"].lower()),
        ("/rules", {"tag": "impact"}, lambda r: "Impact" in r.get("tags", [])),
        ("/rules", {"log-type": "zeek.dns"}, lambda r: "Zeek.DNS" in r.get("logTypes", [])),
        ("/rules", {"serverity": "HIGH"}, lambda _: True),
        ("/alert-context-tags", {"managed": "true"}, lambda r: r["managed"]),
    ],
)
def test_filters_keep_the_rows_that_match(ask, path, params, keep):
    """Each filter keeps exactly its rows; a parameter that Panther does not know is ignored."""
    name = path[1:].replace("-", "_")
    seeded = [row for row in ask.services.organisation.panther[name] if keep(row)]
    assert rows_of(pages_of(ask, path, **params)) == seeded


def test_the_end_of_a_list_has_three_forms(ask):
    """The last page has no `next`, a null one or an empty one, depending on the list."""
    ends = {path: pages_of(ask, f"/{path}")[-1].get("next", "absent") for path in LISTS}
    assert {"absent", None, ""} <= set(ends.values())


def test_an_empty_list_may_be_an_empty_object(ask):
    """Where nothing matches, lists that do not promise `results` answer `{}`."""
    assert ask.panther("/correlation-rules", **{"name-contains": "nothing"}).json() == {}
    assert ask.panther("/alert-comments", **{"alert-id": "none"}).json()["results"] == []


def test_an_empty_page_comes_in_the_middle(ask):
    """The rules have a page without rows that is not the last one."""
    sizes = [len(page.get("results") or []) for page in pages_of(ask, "/rules")]
    assert 0 in sizes[:-1]


def test_filtered_pages_may_be_short(ask):
    """A filter works on a page after it is cut: short pages go on."""
    pages = pages_of(ask, "/rules", severity="HIGH", limit=50)
    assert any(0 < len(page.get("results", [])) < 50 and page["next"] for page in pages[:-1])


def test_a_cursor_is_full_of_punctuation_and_belongs_to_its_list(ask):
    """A cursor has to be encoded exactly once, and another list refuses it."""
    cursor = ask.panther("/rules").json()["next"]
    assert set('"[]{}+&=/?#%é ') <= set(cursor)
    assert ask.panther("/queries", cursor=cursor).status_code == 400
    assert ask.panther("/rules", cursor=cursor.replace("+", " ")).status_code == 400
    assert ask.panther("/rules", cursor="").json() == ask.panther("/rules").json()


def test_values_are_awkward(ask):
    """Times have zero to nine digits or were never set; null, "" and absent all mean nothing."""
    found = ask.services.organisation.panther
    rules = found["rules"]
    digits = {len(row["createdAt"].partition(".")[2].rstrip("Z")) for row in rules}
    assert {0, 9} <= digits
    assert "0001-01-01T00:00:00Z" in {row["createdAt"] for row in rules}
    assert {None} < {str(row["createdBy"]) if row["createdBy"] else None for row in rules}
    assert {True, False} == {"managed" in row for row in rules}
    assert any(row["assignee"] is None for row in found["alerts"])
    assert max(row["bytes"] for row in found["alert_events"]) > 2**53


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/alerts", {"limit": 51}),
        ("/users", {"limit": 61}),
        ("/rules", {"limit": 0}),
        ("/rules", {"limit": "many"}),
        ("/rules", {"severity": "high"}),
        ("/alerts", {"created-after": "yesterday"}),
        ("/alert-comments", {}),
    ],
)
def test_bad_parameters_are_refused(ask, path, params):
    """Limits above the most, unknown values and missing parameters answer 400."""
    assert ask.panther(path, **params).status_code == 400


def test_a_wrong_token_is_401_in_panthers_words(ask):
    """Without the token there is a bare message, and the token is not in it."""
    url = ask.services.urls["panther"] + "/rules"
    for headers in ({}, {"X-API-Key": WRONG}, {"Authorization": f"Bearer {WRONG}"}):
        answer = requests.get(url, headers=headers, timeout=10)
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_include_python_fills_one_more_field(ask):
    """Simple rules carry their Python only when it is asked for."""
    plain = rows_of(pages_of(ask, "/simple-rules"))
    full = rows_of(pages_of(ask, "/simple-rules", **{"include-python": "true"}))
    assert {"pythonBody" in row for row in plain} == {False}
    assert {"pythonBody" in row for row in full} == {True}


def test_without_awkwardness_lists_are_plain():
    """With awkward=False every page is full, and the last one has no `next`."""
    with sandbox.start(awkward=False, incidents=5, audit_events=5) as services:
        headers = {"X-API-Key": services.env["PANTHER_API_TOKEN"]}
        url = services.urls["panther"] + "/rules"
        first = requests.get(url, headers=headers, timeout=10).json()
        params = {"cursor": first["next"]}
        second = requests.get(url, params=params, headers=headers, timeout=10).json()
        nothing = {"name-contains": "nothing"}
        empty = requests.get(url, params=nothing, headers=headers, timeout=10).json()
    assert (len(first["results"]), len(second["results"])) == (100, 100)
    assert empty == {"results": []}
