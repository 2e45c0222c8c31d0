"""What every loader of every client keeps."""

import copy
import inspect
import pickle

import pandas as pd
import pytest

from pandakit.bigpanda import BigPanda
from pandakit.pangea import Pangea
from pandakit.panther import Panther
from tests.tokens import BIGPANDA_ORG, BIGPANDA_USER, MARK, PANGEA, PANTHER

CLIENTS = (Panther, BigPanda, Pangea)
# These make one call, or no list: there is nothing to cap.
SINGLE = {
    "check", "close", "download", "roots", "verify_upload", "enrichment_schema",
    "enrichment_size", "inventory", "job", "mappings", "policy", "preview_enrichment", "reports",
    "refresh", "replay", "send_alerts", "simulate", "unit_tests", "upload_enrichment",
    "save", "delete", "test_results",
}  # fmt: skip
SECTIONS = ("Returns\n", "-------")


def public_methods(client):
    """Name the public methods of a client."""
    return [
        name
        for name, value in inspect.getmembers(client, callable)
        if not name.startswith("_") and value.__qualname__.split(".")[0] != "type"
    ]


METHODS = [(client, name) for client in CLIENTS for name in public_methods(client)]
LOADERS = [pair for pair in METHODS if pair[1] not in SINGLE]


@pytest.mark.parametrize(("client", "name"), METHODS)
def test_every_method_is_typed_and_documented(client, name):
    """Each public method has annotations throughout and a docstring that says what it gives."""
    method = getattr(client, name)
    signature = inspect.signature(method)
    unnamed = [p for key, p in signature.parameters.items() if key != "self"]
    assert all(each.annotation is not each.empty for each in unnamed)
    assert signature.return_annotation is not signature.empty
    text = inspect.getdoc(method)
    if name != "close":
        assert all(part in text for part in SECTIONS)
    for each in unnamed:
        assert each.name in text, each.name


@pytest.mark.parametrize(("client", "name"), LOADERS)
def test_every_loader_takes_a_cap_progress_and_a_store(client, name):
    """`max_rows`, `progress` and `store` are keyword-only everywhere, with None as default."""
    parameters = inspect.signature(getattr(client, name)).parameters
    for each in ("max_rows", "progress", "store"):
        assert parameters[each].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[each].default is None
    assert inspect.signature(getattr(client, name)).return_annotation == "pd.DataFrame"


def test_there_are_the_loaders_that_were_promised():
    """The names of the public face are there, and no others that load."""
    names = {(client.__name__, name) for client, name in LOADERS}
    promised = {
        "Panther": "data_models globals policies queries rules scheduled_rules simple_rules "
        "correlation_rules alerts alert_events alert_comments alert_context_tags users roles "
        "api_tokens detections get",
        "BigPanda": "environments incidents incident alerts activities correlation_patterns "
        "raw_alerts enrichments enrichment_table maintenance_plans alert_filters incident_tags "
        "troubleshooting_logs",
        "Pangea": "search results schema root",
    }
    assert names == {(key, name) for key, text in promised.items() for name in text.split()}


def load_all(panther, bigpanda, pangea):
    """Call every loader once; gives name to frame."""
    alert = panther.alerts(start="2026-01-01", max_rows=None)["id"][0]
    incidents = bigpanda.incidents("All Incidents")
    return {
        **{
            name: getattr(panther, name)()
            for _, name in LOADERS
            if _ is Panther and name not in {"alerts", "alert_events", "alert_comments", "get"}
        },
        "alerts": panther.alerts(start="2026-01-01"),
        "alert_events": panther.alert_events(alert),
        "alert_comments": panther.alert_comments(alert),
        "environments": bigpanda.environments(),
        "incidents": incidents,
        "bigpanda alerts": bigpanda.alerts("Payments"),
        "activities": bigpanda.activities(incidents["incident_id"][:3]),
        "correlation_patterns": bigpanda.correlation_patterns(),
        "maintenance_plans": bigpanda.maintenance_plans(),
        "alert_filters": bigpanda.alert_filters(),
        "incident_tags": bigpanda.incident_tags(),
        "troubleshooting_logs": bigpanda.troubleshooting_logs(start="7d"),
        "raw_alerts": bigpanda.raw_alerts("nagios.core", start="2026-05-25"),
        "enrichments": bigpanda.enrichments(),
        "search": pangea.search(start="2026-05-25"),
        "schema": pangea.schema(),
        "root": pangea.root(2),
        "get": panther.get("alerts", alert),
        "incident": bigpanda.incident("All Incidents", incidents["incident_id"][0]),
    }


def test_every_frame_says_how_it_came(panther, bigpanda, pangea):
    """Each frame's attrs have source, counts, window, cap and time, and stay with a copy."""
    for name, frame in load_all(panther, bigpanda, pangea).items():
        facts = frame.attrs["pandakit"]
        wanted = {"source", "requests", "pages", "rows", "window", "capped", "elapsed_s"}
        assert wanted <= set(facts), name
        assert facts["rows"] == len(frame), name
        assert facts["complete"], name
        assert len(facts["window"]) == 2, name
        assert copy.deepcopy(frame).attrs == frame.attrs, name
        assert isinstance(frame.index, pd.RangeIndex), name


def test_no_token_in_any_frame(services, panther, bigpanda, pangea):
    """Neither cells nor attrs of any frame have a token of the clients in them."""
    tokens = [value for name, value in services.env.items() if "TOKEN" in name or "KEY" in name]
    for name, frame in load_all(panther, bigpanda, pangea).items():
        text = frame.to_csv() + str(frame.attrs)
        assert not any(token in text for token in tokens), name


def values_of(thing):
    """Give the values of an object's fields, and of theirs."""
    for value in vars(thing).values() if hasattr(thing, "__dict__") else ():
        yield value
        yield from values_of(value)


@pytest.mark.parametrize("make", [
    lambda: Panther("api.acme.net", PANTHER),
    lambda: BigPanda(BIGPANDA_USER, BIGPANDA_ORG),
    lambda: Pangea(PANGEA, domain="aws.us.pangea.cloud"),
])  # fmt: skip
def test_clients_keep_their_tokens(make):
    """A client shows no token in its repr or its fields, and cannot be pickled with it."""
    client = make()
    assert not any(isinstance(value, str) and MARK in value for value in values_of(client))
    assert MARK not in repr(client)
    assert MARK not in str(vars(client))
    with pytest.raises(TypeError, match="new client"):
        pickle.dumps(client)
    with client as entered:
        assert entered is client


def test_a_given_session_is_used(scripted):
    """A `requests.Session` of the user's own carries the calls, and stays open."""
    import requests

    script = scripted(lambda _: {"results": []})
    with requests.Session() as own:
        own.headers["X-Mine"] = "yes"
        with Panther(script.url, PANTHER, session=own) as client:
            client.rules()
        own.get(script.url)
    assert [call.headers["X-Mine"] for call in script.calls] == ["yes", "yes"]


@pytest.mark.parametrize("wrong", ["ten", 2.5, True])
def test_a_cap_must_be_a_whole_number(panther, wrong):
    """`max_rows` of another type is a TypeError."""
    with pytest.raises(TypeError, match="max_rows"):
        panther.rules(max_rows=wrong)


def test_progress_is_shown_when_asked_for_and_never_else(services, panther, capsys):
    """`progress=True` names the list on standard error, without the token; else it is silent."""
    panther.rules()
    assert capsys.readouterr().err == ""
    panther.rules(progress=True)
    shown = capsys.readouterr().err
    assert "Panther rules" in shown
    assert services.env["PANTHER_API_TOKEN"] not in shown
