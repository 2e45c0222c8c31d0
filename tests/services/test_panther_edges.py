"""Panther's awkward and hostile answers, from servers that follow a script."""

import threading

import pytest

import pandakit as pk
from pandakit.panther import Panther
from pandakit.panther.service import base_url
from tests.services.conftest import column, told
from tests.tokens import FRESH, PANTHER

SEVEN = (
    "data_models", "globals", "policies", "queries", "rules", "scheduled_rules", "simple_rules"
)  # fmt: skip


def pages(*bodies):
    """Answer one body after the other, by the cursor: the first page has none."""

    def answer(request):
        return bodies[int(request.args.get("cursor") or 0)]

    return answer


@pytest.mark.parametrize("end", [{}, {"next": None}, {"next": ""}])
def test_every_form_of_the_end_ends_the_list(panther_at, end):
    """An absent, a null and an empty `next` are the end, and nothing is asked after it."""
    client, calls = panther_at(
        pages({"results": [{"id": "a"}], "next": "1"}, {"results": [{"id": "b"}], **end})
    )
    assert column(client.rules(), "id") == ["a", "b"]
    assert len(calls) == 2


@pytest.mark.parametrize("name", SEVEN)
@pytest.mark.parametrize("body", [{}, {"results": None}, {"results": []}])
def test_an_empty_list_has_all_columns(panther_at, name, body):
    """`{}`, null and an empty list give an empty frame with the dtypes of a full one."""
    empty = getattr(panther_at(lambda _: body)[0], name)()
    full = getattr(panther_at(lambda _: {"results": [{"id": "a"}]})[0], name)()
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_short_and_empty_pages_do_not_end_the_list(panther_at):
    """A page that is short or empty, but points on, is followed."""
    client, _ = panther_at(
        pages(
            {"results": [{"id": "a"}], "next": "1"},
            {"next": "2"},
            {"results": [{"id": "b"}, {"id": "c"}]},
        )
    )
    assert column(client.policies(), "id") == ["a", "b", "c"]


def test_filters_and_limit_go_with_every_page(panther_at):
    """Later pages repeat limit and filters, lists as repeated keys."""
    client, calls = panther_at(
        pages({"results": [{"id": "a"}], "next": "1"}, {"results": [{"id": "b"}]})
    )
    client.rules(severity=["LOW", "HIGH"], name_contains="x y&z")
    for call in calls:
        assert call.args["limit"] == "100"
        assert call.args.getlist("severity") == ["LOW", "HIGH"]
        assert call.args["name-contains"] == "x y&z"


def test_a_repeated_cursor_is_an_error_with_the_rows_so_far(panther_at):
    """A list that points back to itself ends in a PaginationError that carries what came."""
    client, _ = panther_at(lambda request: {"results": [{"id": "a"}], "next": "1"})
    with pytest.raises(pk.PaginationError) as caught:
        client.queries()
    assert column(caught.value.partial, "id") == ["a"]
    assert not told(caught.value.partial)["complete"]


def test_duplicates_are_counted_and_not_kept(panther_at):
    """A row that comes twice stands once in the frame, and is counted in attrs."""
    client, _ = panther_at(
        pages(
            {"results": [{"id": "a"}, {"id": "b"}], "next": "1"},
            {"results": [{"id": "b"}, {"id": "c"}]},
        )
    )
    frame = client.globals()
    assert column(frame, "id") == ["a", "b", "c"]
    assert told(frame)["duplicates"] == 1


def test_a_load_that_breaks_resumes_where_it_broke(panther_at):
    """The error has a typed frame of what came; `resume` asks for the rest only."""
    broken = [True]

    def answer(request):
        if request.args.get("cursor") == "1" and broken[0]:
            return {"message": "not now"}, 400
        return pages({"results": [{"id": "a"}], "next": "1"}, {"results": [{"id": "b"}]})(request)

    client, calls = panther_at(answer)
    with pytest.raises(pk.InvalidRequestError, match="not now") as caught:
        client.rules()
    partial = caught.value.partial
    broken[0] = False
    before = len(calls)
    whole = caught.value.resume()
    assert column(partial, "id") == ["a"]
    assert column(whole, "id") == ["a", "b"]
    assert partial.dtypes.to_dict() == whole.dtypes.to_dict()
    assert told(whole)["complete"]
    assert [call.args.get("cursor") for call in calls[before:]] == ["1"]


def test_detections_resume_within_the_list_that_broke(panther_at):
    """A break in the third of the five lists costs none of the others."""
    broken = [True]

    def answer(request):
        if request.path == "/simple-rules" and broken[0]:
            return {"message": "not now"}, 400
        return {"results": [{"id": request.path}]}

    client, calls = panther_at(answer)
    with pytest.raises(pk.InvalidRequestError) as caught:
        client.detections()
    assert column(caught.value.partial, "kind") == ["rules", "scheduled_rules"]
    broken[0] = False
    before = len(calls)
    assert len(caught.value.resume()) == 5
    assert [call.path for call in calls[before:]] == [
        "/simple-rules", "/correlation-rules", "/policies"
    ]  # fmt: skip


@pytest.mark.parametrize("status", [400, 403, 404])
def test_detections_without_correlation_rules(panther_at, status):
    """An instance that has no correlation rules gives the rest, warns, and keeps the words."""

    def answer(request):
        if request.path == "/correlation-rules":
            return {"message": "needs Snowflake"}, status
        return {"results": [{"id": "same-id"}]}

    client, _ = panther_at(answer)
    with pytest.warns(pk.PartialWarning, match="needs Snowflake"):
        frame = client.detections()
    assert column(frame, "kind") == ["rules", "scheduled_rules", "simple_rules", "policies"]
    assert "needs Snowflake" in told(frame)["unavailable"]["correlation_rules"]


def test_detections_need_the_other_lists(panther_at):
    """A refusal on any other list is an error, never a frame that lacks it in silence."""

    def answer(request):
        return ({"message": "no"}, 403) if request.path == "/policies" else {"results": []}

    with pytest.raises(pk.PermissionDeniedError, match="View Policies"):
        panther_at(answer)[0].detections()


def test_alert_events_resume_at_the_alert_that_broke(panther_at):
    """A refusal on one of several alerts costs none of the others."""
    broken = [True]

    def answer(request):
        if "/b/" in request.path and broken[0]:
            return {"message": "gone"}, 404
        return {"results": [{"p_log_type": request.path}]}

    client, calls = panther_at(answer)
    with pytest.raises(pk.NotFoundError) as caught:
        client.alert_events(["a", "b", "c"])
    assert column(caught.value.partial, "p_alert_id") == ["a"]
    broken[0] = False
    before = len(calls)
    assert column(caught.value.resume(), "p_alert_id") == ["a", "b", "c"]
    assert [call.path for call in calls[before:]] == ["/alerts/b/events", "/alerts/c/events"]


def test_inventory_reads_lists_side_by_side(panther_at):
    """Lists are asked for while others are still unanswered, each once, in a fixed order."""
    together = threading.Barrier(2, timeout=30)
    first = iter([True, True])

    def answer(request):
        if next(first, False):
            together.wait()
        return {"results": [{"id": request.path}]}

    client, calls = panther_at(answer)
    frame = client.inventory()
    assert set(frame["status"]) == {"ok"}
    assert set(frame["rows"]) == {1}
    assert column(frame, "resource")[:3] == ["data_models", "globals", "policies"]
    assert len([call for call in calls if call.path == "/alerts"]) == 3


@pytest.mark.parametrize("name", ["roles", "api_tokens"])
def test_a_list_without_paging_that_points_on_warns(panther_at, name):
    """Roles and tokens are fetched once; a `next` cannot be followed and is told."""
    client, calls = panther_at(lambda _: {"results": [{"id": "a", "name": "n"}], "next": "more"})
    with pytest.warns(pk.PartialWarning, match="may be incomplete"):
        frame = getattr(client, name)()
    assert len(frame) == len(calls) == 1


def test_the_secret_of_an_api_token_never_enters_a_frame(panther_at):
    """A token's value is dropped, should the service ever send it."""
    client, _ = panther_at(lambda _: {"results": [{"id": "a", "value": FRESH}]})
    frame = client.api_tokens()
    assert "value" not in frame.columns
    assert FRESH not in frame.to_csv()


def test_new_fields_and_new_words_are_kept(panther_at):
    """A field and an enum value that nobody knew of stand in the frame."""
    row = {"id": "a", "severity": "APOCALYPTIC", "newThing": {"x": 1}}
    frame = panther_at(lambda _: {"results": [row]})[0].rules()
    assert column(frame, "severity") == ["APOCALYPTIC"]
    assert column(frame, "new_thing") == [{"x": 1}]
    assert told(frame)["extra_columns"] == ["new_thing"]


@pytest.mark.parametrize(
    ("status", "error", "hint"),
    [
        (401, pk.AuthenticationError, "PANTHER_API_TOKEN"),
        (403, pk.PermissionDeniedError, "View Rules"),
        (404, pk.NotFoundError, "/v1"),
        (400, pk.InvalidRequestError, "the words"),
        (500, pk.ServerError, "5 attempts"),
    ],
)
def test_error_statuses_are_typed_and_say_what_to_do(panther_at, status, error, hint):
    """Each status has its error, with the service's words, a hint, and never the token."""
    client, _ = panther_at(lambda r: ({"message": f"the words {r.headers['X-API-Key']}"}, status))
    with pytest.raises(error, match=hint) as caught:
        client.rules()
    assert caught.value.status_code == status
    assert "the words" in str(caught.value)
    assert PANTHER not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 404])
def test_a_web_page_is_a_typed_error(panther_at, status):
    """A console that answers HTML is told apart, with the setting to look at."""
    client, _ = panther_at(lambda _: ("<html><body>Log in</body></html>", status))
    with pytest.raises(pk.PandakitError, match="PANTHER_API_HOST") as caught:
        client.rules()
    assert isinstance(caught.value, pk.ProtocolError if status == 200 else pk.NotFoundError)


def test_no_network_is_one_line(scripted):
    """Nobody at the address: a TransportError that names the host, in one line."""
    gone = scripted(lambda _: {})
    gone.__exit__()
    from tests.services.conftest import hurried

    with pytest.raises(pk.TransportError, match=r"127\.0\.0\.1") as caught:
        hurried(Panther(gone.url, PANTHER)).rules()
    assert "\n" not in str(caught.value)
    assert PANTHER not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("api.acme.runpanther.net", "https://api.acme.runpanther.net"),
        (" https://api.acme.runpanther.net/ ", "https://api.acme.runpanther.net"),
        ("https://api.acme.net/public/graphql", "https://api.acme.net"),
        ("https://api.acme.net/public/graphql/", "https://api.acme.net"),
        ("gateway.example.com/v1/", "https://gateway.example.com/v1"),
        ("https://gateway.example.com/v1/public/graphql", "https://gateway.example.com/v1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_what_users_paste_is_understood(given, url):
    """Host, URL and the console's GraphQL URL lead to the API; a stage such as /v1 stays."""
    assert base_url(given) == url


@pytest.mark.parametrize(
    "host", ["http://api.acme.net", "https://user:pw@api.acme.net", "https://"]
)
def test_an_unsafe_address_is_refused(host):
    """Plain http, credentials in the URL and no host at all are a SettingsError."""
    with pytest.raises(pk.SettingsError):
        Panther(host, PANTHER)


def test_a_missing_setting_names_the_places_and_the_fix():
    """Without a token the error names the variable, where we looked, and what to write."""
    with pytest.raises(pk.SettingsError, match=r"PANTHER_API_TOKEN is not set.*Looked at.*Fix"):
        Panther("api.acme.net")


def test_settings_come_from_the_environment(monkeypatch):
    """Host and token are found in the environment, and the repr says so without the token."""
    monkeypatch.setenv("PANTHER_API_HOST", "api.acme.net")
    monkeypatch.setenv("PANTHER_API_TOKEN", PANTHER)
    shown = repr(Panther())
    assert shown == "Panther(Panther at https://api.acme.net, token from environment)"


def test_check_works_before_tokens_could_be_asked_for(panther_at):
    """An old instance without /api-tokens is checked with a list that every one has."""

    def answer(request):
        if request.path.startswith("/api-tokens"):
            return {"message": "no such path"}, 404
        return {"results": [{"id": "a"}]}

    assert panther_at(answer)[0].check().answer == "the token works"


def test_ids_are_put_into_the_path_exactly_once(panther_at):
    """An id with a slash, a blank and a percent sign arrives as it is."""
    client, calls = panther_at(lambda _: {"id": "x"})
    client.get("rules", "AWS/Root %41")
    assert calls[0].environ["REQUEST_URI"] == "/rules/AWS%2FRoot%20%2541"


def test_booleans_are_sent_as_the_service_reads_them(panther_at):
    """`managed=False` goes out as lower-case text; without it nothing is asked."""
    client, calls = panther_at(lambda _: {"results": []})
    client.alert_context_tags(managed=False)
    client.alert_context_tags()
    assert [call.args.get("managed") for call in calls] == ["false", None]


@pytest.mark.parametrize("key", ["", ".", ".."])
def test_a_step_in_a_path_is_no_id(panther_at, bigpanda_at, key):
    """What would turn the call into another one is refused before anything is sent."""
    client, calls = panther_at(lambda _: {"id": "a"})
    with pytest.raises(ValueError, match="is not an id"):
        client.get("rules", key)
    with pytest.raises(ValueError, match="is not an id"):
        client.alert_events(key)
    other, more = bigpanda_at(lambda _: {"id": "a"})
    with pytest.raises(ValueError, match="is not an id"):
        other.incident("0123456789abcdef01234567", key)
    with pytest.raises(TypeError, match="an id is text, not int"):
        other.activities([7])
    assert calls == more == []


def test_members_of_objects_that_are_new_have_columns(panther_at):
    """A name beside the id of an actor is kept, and so is an actor that is only a text."""
    rows = [{"id": "a", "createdBy": {"id": "u", "name": "Ann"}}, {"id": "b", "createdBy": "bob"}]
    frame = panther_at(lambda _: {"results": rows})[0].rules()
    assert column(frame, "created_by_id") == ["u", None]
    assert column(frame, "created_by_name") == ["Ann", None]
    assert column(frame, "created_by") == [None, "bob"]
    assert told(frame)["extra_columns"] == ["created_by", "created_by_name"]


def test_an_empty_choice_does_not_mean_all(panther_at):
    """A list filter without a value is refused: sent, it would filter nothing."""
    client, calls = panther_at(lambda _: {"results": []})
    for load in (lambda: client.rules(tag=[]), lambda: client.alerts(start="2024-01-01", type=[])):
        with pytest.raises(ValueError, match="empty list"):
            load()
    assert calls == []
