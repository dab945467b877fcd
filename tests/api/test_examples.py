"""The example calls of the documentation as users send them: OpenDialog's (spec/opendialog.md §1), Dialai's
(spec/dialai.md §3 and §4), and those of the README."""

import datetime
import json
import os
import pathlib
import re
import subprocess
import uuid

import pytest
import requests
from conftest import Caller, Visitor
from world import World, chat_link, script

ROOT = pathlib.Path(__file__).parents[2]
TODAY = datetime.datetime.now(datetime.timezone.utc).date()
FROM, TO = f"{TODAY - datetime.timedelta(days=1)} 00:00:00", f"{TODAY + datetime.timedelta(days=1)} 23:59:59"
DEEP_LINK = "/public/api/generate-webchat-deep-link"
OLD_DEEP_LINK = "/api/generate-webchat-deeplink"
READS = ("user-interactions", "user-data-export", "analytics-data-export", "flag-evaluations")


def curl(server, *arguments, path=""):
    """Status and body of a call that the command line makes."""
    command = ["curl", "--silent", "--show-error", "--max-time", "30", "--write-out", "\n%{http_code}", *arguments]
    done = subprocess.run([*command, server.url + path], capture_output=True, text=True, check=True)
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), json.loads(body)


def bearer(server):
    return ("-H", f"Authorization: Bearer {server.token}")


def of_user(answer, user):
    """What an export says of one user; there must be one part of it."""
    parts = [part[user] for part in answer["data"] if user in part]
    assert len(parts) == 1, answer
    return parts[0]


# §1.1: how it says no


@pytest.mark.parametrize("call", READS)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}], ids=["none", "wrong"])
def test_a_missing_or_wrong_token_is_401(server, call, headers):
    answer = requests.get(f"{server.url}/public/api/{call}", headers=headers, timeout=30)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})


def test_deep_links_need_a_token_too(server):
    answer = requests.post(server.url + DEEP_LINK, json={}, timeout=30)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})


def test_an_unknown_path_is_404(api):
    answer = api.get("/public/api/no-such-thing")
    assert (answer.status_code, answer.json()) == (404, {"message": "Resource not found."})


# §1.3: user interactions


def check_interactions(answer, conversation):
    part = of_user(answer, conversation.user)
    assert part["user_id"] == conversation.user
    assert part["from"] == FROM.replace(" ", "T") + ".000000Z"
    assert part["to"] == TO.replace(" ", "T") + ".000000Z"
    texts = [line["text"] for line in part["interactions"] if line["type"] == "text"]
    assert texts == conversation.said
    assert all(set(line) >= {"type", "date", "text", "data"} for line in part["interactions"])


def test_user_interactions_with_requests(api, conversation):
    answer = api.get("/public/api/user-interactions", params={"from": FROM, "to": TO, "user_id": conversation.user})
    assert answer.status_code == 200, answer.text
    check_interactions(answer.json(), conversation)


def test_user_interactions_with_curl(server, conversation):
    query = f"?from={FROM}&to={TO}&user_id={conversation.user}".replace(" ", "%20")
    json_type = ("-H", "Content-Type: application/json")
    status, answer = curl(
        server, "-X", "GET", *bearer(server), *json_type, path="/public/api/user-interactions" + query
    )
    assert status == 200, answer
    check_interactions(answer, conversation)


def test_filters_match_a_part_in_either_case_and_together(api, server, conversation):
    def users(**filters):
        answer = api.get("/public/api/user-interactions", params={"from": FROM, "to": TO, **filters})
        assert answer.status_code == 200, answer.text
        return [user for part in answer.json()["data"] for user in part]

    assert conversation.user in users(email="GRACE@example")
    assert conversation.user in users(email="grace", selected_scenario=server.agent)
    assert users(email="grace", selected_scenario="no-such-scenario") == []


def test_an_empty_range_is_an_empty_list(api):
    past = {"from": "2001-01-01 00:00:00", "to": "2001-01-31 23:59:59"}
    answer = api.get("/public/api/user-interactions", params=past)
    assert (answer.status_code, answer.json()) == (200, {"data": []})


def test_user_interactions_need_a_range(api):
    answer = api.get("/public/api/user-interactions")
    assert (answer.status_code, answer.json()) == (
        422,
        {
            "message": "The given data was invalid.",
            "errors": {"from": ["The from field is required."], "to": ["The to field is required."]},
        },
    )


def test_a_filter_outside_the_list_is_refused(api):
    answer = api.get("/public/api/user-interactions", params={"from": FROM, "to": TO, "invalid_param": "x"})
    refusal = "The filter 'invalid_param' is not allowed."
    assert (answer.status_code, answer.json()) == (
        422,
        {"message": refusal, "errors": {"filters.invalid_param": [refusal]}},
    )


# §1.4: user data export


def check_export(answer, conversation):
    part = of_user(answer, conversation.user)
    assert part["chatbot_user_data"]["email"] == "grace@example.com"
    assert {"name", "type", "value"} <= set(part["user_attributes"][0])
    lines = part["interactions"]
    assert {line["author"] for line in lines} == {"them", conversation.user}
    texts = [line["text"] for line in lines if line["author"] == conversation.user and line["type"] == "text"]
    assert texts == conversation.said
    answered = [line["data"].get("text") for line in lines if line["author"] == "them" and line["data"]]
    assert set(conversation.heard) <= set(answered), answered
    for line in lines:
        assert set(line) >= {"author", "type", "date", "text", "data", "request", "response"}
        assert line["response"]["http_status"] == 200
        assert float(line["response"]["request_length"]) >= 0
    pagination = answer["meta"]["pagination"]
    assert (pagination["currentPage"], pagination["perPage"]) == (1, 20)
    assert pagination["total"] >= 1 and pagination["lastPage"] >= 1
    filters = answer["meta"]["filters"]
    assert (filters["exportType"], filters["perPage"], filters["page"]) == ("json", "20", "1")
    assert filters["from"] == FROM.replace(" ", "T") + ".000000Z"


def test_user_data_export_with_requests(api, conversation):
    query = {"from": FROM, "to": TO, "exportType": "json", "perPage": 20, "page": 1}
    answer = api.get("/public/api/user-data-export", params=query)
    assert answer.status_code == 200, answer.text
    check_export(answer.json(), conversation)


def test_user_data_export_with_curl(server, conversation):
    query = f"?from={FROM}&to={TO}&exportType=json&perPage=20&page=1".replace(" ", "%20")
    accept = ("-H", "Accept: application/json")
    status, answer = curl(server, "-X", "GET", *bearer(server), *accept, path="/public/api/user-data-export" + query)
    assert status == 200, answer
    check_export(answer, conversation)


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        (
            {"from": FROM},
            {
                "exportType": ["The export type field is required."],
                "to": ["The to field is required when from is present."],
            },
        ),
        (
            {"exportType": "csv", "perPage": "many"},
            {
                "exportType": ["The export type must be json."],
                "perPage": ["The per page must be an integer."],
            },
        ),
    ],
    ids=["missing", "wrong"],
)
def test_a_wrong_export_is_refused_by_field(api, query, errors):
    answer = api.get("/public/api/user-data-export", params=query)
    assert (answer.status_code, answer.json()) == (422, {"message": "The given data was invalid.", "errors": errors})


def test_a_date_that_is_none_is_400_in_exports(api):
    query = {"exportType": "json", "from": "yesterday", "to": "today"}
    answer = api.get("/public/api/user-data-export", params=query)
    message = "Invalid date format. Expected format: YYYY-MM-DD HH:MM:SS"
    assert (answer.status_code, answer.json()) == (400, {"message": message})


def test_an_export_goes_on_without_who_was_erased(api, server):
    Visitor(server, "ines").open()
    assert api.delete("/api/v1/demo/contacts/ines").status_code == 204
    answer = api.get("/public/api/user-data-export", params={"exportType": "json", "perPage": 500})
    assert answer.status_code == 200, answer.text
    assert "ines" not in [user for part in answer.json()["data"] for user in part]


# §1.5: deep links


def dataset():
    return [
        {"user_id": "user_12345", "attributes": {"name": "John Doe", "email": "john.doe@example.com"}},
        {"attributes": {"name": "Jane Smith", "account_type": "standard"}},
    ]


def check_links(links):
    assert [set(link) for link in links] == [{"user_id", "url"}] * 2, links
    assert links[0]["user_id"] == "user_12345"
    uuid.UUID(links[1]["user_id"])
    page = requests.get(links[0]["url"], timeout=30)
    assert page.status_code == 200 and "text/html" in page.headers["Content-Type"], page.text


@pytest.mark.parametrize("path", [DEEP_LINK, OLD_DEEP_LINK])
def test_deep_links_with_requests(api, server, path):
    answer = api.post(path, json={"scenario_id": server.agent, "dataset": dataset()})
    assert answer.status_code == 200, answer.text
    check_links(answer.json())


@pytest.mark.parametrize("path", [DEEP_LINK, OLD_DEEP_LINK])
def test_deep_links_with_curl(server, path):
    body = json.dumps({"scenario_id": server.agent, "dataset": dataset()})
    json_type = ("-H", "Content-Type: application/json")
    status, links = curl(server, "-X", "POST", *bearer(server), *json_type, "-d", body, path=path)
    assert status == 200, links
    check_links(links)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (
            {},
            {
                "scenario_id": ["The scenario_id field is required."],
                "dataset": ["The dataset field is required."],
            },
        ),
        (
            {"scenario_id": "AGENT", "dataset": [{"user_id": "a"}, {"user_id": 7, "attributes": {}}]},
            {
                "dataset.0.attributes": ["The attributes field is required."],
                "dataset.1.user_id": ["User id must be a string"],
            },
        ),
        (
            {"scenario_id": "AGENT", "dataset": [{"attributes": {"name": "x"}}] * 101},
            {"dataset": ["Maximum number of users is 100"]},
        ),
        (
            {"scenario_id": "no-such-scenario", "dataset": [{"attributes": {"name": "x"}}]},
            {"scenario_id": ["The selected scenario does not exist."]},
        ),
    ],
    ids=["empty", "rows", "many", "unknown"],
)
def test_a_wrong_deep_link_is_refused_by_field(api, server, body, errors):
    if body.get("scenario_id") == "AGENT":
        body = {**body, "scenario_id": server.agent}
    answer = api.post(DEEP_LINK, json=body)
    assert (answer.status_code, answer.json()) == (422, {"message": "The given data was invalid.", "errors": errors})


# §1.6: analytics data export


def check_clickstream(answer):
    stream = answer["clickstream"]
    assert (stream["per_page"], stream["current_page"]) == (50, 1)
    assert stream["last_page"] >= 1 and stream["total"] >= len(stream["data"])
    for line in stream["data"]:
        assert line["type"] in ("event", "page", "identify")
        assert all(isinstance(json.loads(line[part]), (dict, list)) for part in ("properties", "traits", "context"))


def test_analytics_data_export_with_requests(api, server, conversation):
    query = {"scenario_id": server.agent, "start_date": FROM[:10], "end_date": TO[:10], "include_flag_data": "true"}
    answer = api.get("/public/api/analytics-data-export", params=query)
    assert answer.status_code == 200, answer.text
    check_clickstream(answer.json())
    assert isinstance(answer.json()["experiments"], list)


def test_analytics_data_export_with_curl(server, conversation):
    path = f"/public/api/analytics-data-export?scenario_id={server.agent}"
    status, answer = curl(server, *bearer(server), "-H", "Accept: application/json", path=path)
    assert status == 200, answer
    check_clickstream(answer)
    assert "experiments" not in answer


def test_analytics_before_anything_happened_are_empty(api, server):
    query = {"scenario_id": server.agent, "start_date": "2001-01-01", "end_date": "2001-01-31"}
    answer = api.get("/public/api/analytics-data-export", params=query)
    assert answer.status_code == 200, answer.text
    stream = answer.json()["clickstream"]
    assert (stream["data"], stream["last_page"], stream["total"]) == ([], 1, 0)


def test_a_wrong_analytics_export_says_its_first_error(api, server):
    missing = api.get("/public/api/analytics-data-export")
    sentence = "The scenario id field is required."
    assert (missing.status_code, missing.json()) == (
        422,
        {"message": sentence, "errors": {"scenario_id": [sentence]}},
    )
    query = {"scenario_id": server.agent, "start_date": "2026-01-31", "end_date": "2026-01-01"}
    backwards = api.get("/public/api/analytics-data-export", params=query)
    sentence = "The end date must be a date after or equal to start date."
    assert (backwards.status_code, backwards.json()) == (
        422,
        {"message": sentence, "errors": {"end_date": [sentence]}},
    )


# §1.7: flag evaluations


def check_evaluations(answer):
    assert (answer["current_page"], answer["per_page"], answer["prev_page_url"]) == (1, 500, None)
    assert set(answer) >= {"data", "last_page", "total", "path", "first_page_url", "last_page_url", "next_page_url"}
    if answer["total"] == 0:
        assert (answer["data"], answer["from"], answer["to"], answer["last_page"]) == ([], None, None, 1)


def test_flag_evaluations_with_requests(api, server, conversation):
    answer = api.get("/public/api/flag-evaluations", params={"scenario_id": server.agent})
    assert answer.status_code == 200, answer.text
    check_evaluations(answer.json())


def test_flag_evaluations_with_curl(server, conversation):
    path = f"/public/api/flag-evaluations?scenario_id={server.agent}"
    status, answer = curl(server, *bearer(server), "-H", "Accept: application/json", path=path)
    assert status == 200, answer
    check_evaluations(answer)


def test_flag_evaluations_need_a_scenario(api):
    answer = api.get("/public/api/flag-evaluations")
    assert answer.status_code == 422
    assert answer.json()["errors"] == {"scenario_id": ["The scenario id field is required."]}


# Dialai's web chat (§4.2), with a chat link (§3.5) and a token of the tenant

WEBCHAT = "/api/org/demo/v2/webchat"


@pytest.fixture(scope="session")
def desk(server):
    """The chat code of a point of contact where a flow answers."""
    world = World(Caller(server.url, server.token, Accept="application/json"))
    world.make("model-scripts/desk", script("breakfast"), "PUT")
    flow = world.flow("Desk", world.function("breakfast"), "desk")
    return world.point("Desk", flow)["chatCode"]


@pytest.fixture(scope="session")
def webchat(server, desk):
    """The id of a conversation about breakfast that is over."""
    visitor = Caller(server.url, server.token)
    visitor.headers.update(chat_link(desk))
    begun = visitor.post(WEBCHAT, json={"internalParameters": {"userId": "user-123"}, "language": "en"})
    assert begun.status_code == 201, begun.text
    path = f"{WEBCHAT}/{begun.json()['transcriptId']}"
    assert visitor.post(path, json={"message": "When is breakfast?"}).status_code == 200
    assert visitor.put(f"{path}/status", json={"status": "Completed"}).status_code == 200
    return begun.json()["transcriptId"]


def spoken(answer):
    return [(message["role"], message["content"]) for message in answer["messages"]]


def test_a_web_chat_with_requests(api, server, desk):
    visitor = Caller(server.url, server.token)
    visitor.headers.update(chat_link(desk))
    begun = visitor.post(WEBCHAT, json={"chatId": desk})
    assert begun.status_code == 201, begun.text
    assert (begun.json()["status"], spoken(begun.json())) == ("InProgress", [("agent", "Welcome to the desk.")])
    path = f"{WEBCHAT}/{begun.json()['transcriptId']}"
    answer = visitor.post(path, json={"message": "When is breakfast?"})
    assert (answer.status_code, spoken(answer.json())) == (200, [("agent", "From seven.")])

    early = api.post(f"{path}/addCsrMessage", json={"message": "Hello"})
    assert early.status_code == 409, "nobody has taken it over"
    for _ in range(2):
        taken = api.post(f"{path}/CsrTakeOver")
        assert (taken.status_code, taken.json()["control"]) == (200, "Operator"), taken.text
    silent = visitor.post(path, json={"message": "Is anybody there?"})
    assert (silent.json()["status"], silent.json()["messages"]) == ("HumanHandoff", [])
    said = api.post(f"{path}/addCsrMessage", json={"message": "Hello, this is **Sam**."})
    assert (said.status_code, spoken(said.json())) == (200, [("csr", "Hello, this is **Sam**.")])

    done = api.put(f"{path}/status", json={"status": "Completed"})
    assert (done.status_code, done.json()) == (200, {"status": "Completed"})
    assert visitor.post(path, json={"message": "Hello?"}).status_code == 409
    whole = visitor.get(path).json()
    assert whole["status"] == "Completed"
    assert [role for role, _ in spoken(whole)] == ["agent", "user", "agent", "user", "csr"], whole


def test_a_web_chat_with_curl(server, desk):
    link = ("-H", f"X-DialAi-Chat-Link: Bearer {desk}")
    status, begun = curl(server, *link, "--json", "{}", path=WEBCHAT)
    assert status == 201, begun
    path = f"{WEBCHAT}/{begun['transcriptId']}"
    status, answer = curl(server, *link, "--json", '{"message": "When is breakfast?"}', path=path)
    assert (status, spoken(answer)) == (200, [("agent", "From seven.")])
    status, taken = curl(server, "-X", "POST", *bearer(server), path=f"{path}/CsrTakeOver")
    assert (status, taken["status"]) == (200, "HumanHandoff"), taken
    say = ("--json", '{"message": "Hello, this is Sam."}')
    status, said = curl(server, *bearer(server), *say, path=f"{path}/addCsrMessage")
    assert (status, spoken(said)) == (200, [("csr", "Hello, this is Sam.")])
    complete = ("-X", "PUT", "--json", '{"status": "Completed"}')
    status, done = curl(server, *link, *complete, path=f"{path}/status")
    assert (status, done) == (200, {"status": "Completed"})


def test_a_web_chat_answers_with_events_that_end(server, desk):
    visitor = Caller(server.url, server.token, Accept="text/event-stream")
    visitor.headers.update(chat_link(desk))
    begun = visitor.post(WEBCHAT, json={})
    assert (begun.status_code, begun.headers["Content-Type"]) == (201, "text/event-stream")
    events = [dict(line.split(": ", 1) for line in event.splitlines()) for event in begun.text.strip().split("\n\n")]
    assert [event["event"] for event in events] == ["message", "status", "done"]
    assert spoken(json.loads(events[-1]["data"])) == [("agent", "Welcome to the desk.")]


def test_a_chat_link_opens_nothing_else(server, desk, webchat):
    visitor = Caller(server.url, server.token)
    visitor.headers.update(chat_link(desk))
    for method, path in [
        ("POST", f"{WEBCHAT}/{webchat}/CsrTakeOver"),
        ("POST", f"{WEBCHAT}/{webchat}/addCsrMessage"),
        ("GET", "/api/v1/transcripts"),
        ("GET", f"/api/v1/demo/transcripts/{webchat}"),
    ]:
        assert visitor.request(method, path).status_code in (401, 403), path
    nobody = {"X-DialAi-Chat-Link": f"Bearer {uuid.uuid4()}"}
    assert requests.post(server.url + WEBCHAT, json={}, headers=nobody, timeout=30).status_code == 401


def test_the_calls_of_the_web_chat_guide_work_as_written(server, desk, tmp_path):
    guide = (ROOT / "docs/web-chat-api.md").read_text(encoding="utf-8")
    [written] = re.findall(r"```sh\n(link=.*?)```", guide, re.DOTALL)
    code = re.search(r"Bearer ([0-9a-f-]{36})", written)[1]
    written = written.replace(code, desk).replace("https://chat.example.com", server.url)
    link, base, begin, *rest = written.strip().splitlines()
    [begun] = answers_of("\n".join([link, base, begin]), tmp_path)
    calls = [call.replace("<transcriptId>", begun["transcriptId"]) for call in rest]
    streamed = next(call for call in calls if "text/event-stream" in call)
    calls[calls.index(streamed)] = streamed + " | sed -n '/^event: done/,$s/^data: //p'"
    said, told, done = answers_of("\n".join([link, base, *calls]), tmp_path)
    assert spoken(said) == [("agent", "You said: **Hello**")]
    assert spoken(told) == [("agent", "You said: **Tell me more**")]
    assert done == {"status": "Completed"}


# Dialai's transcripts (§3.3, §4.1): list, search, fetch, readable, tags


def test_transcripts_are_listed_with_a_bearer(api, server, webchat):
    answer = api.get("/api/v1/transcripts")
    assert answer.status_code == 200, answer.text
    [listed] = [transcript for transcript in answer.json()["transcripts"] if transcript["id"] == webchat]
    assert (listed["status"], listed["platform"], listed["language"]) == ("Completed", "web", "en")
    assert listed["parameters"]["userId"] == {"value": "user-123", "provenance": "browser"}
    status, same = curl(server, *bearer(server), path="/api/v1/transcripts")
    assert status == 200 and webchat in [transcript["id"] for transcript in same["transcripts"]], same
    assert api.get("/api/v1/demo/transcripts").json() == answer.json()
    refused = requests.get(f"{server.url}/api/v1/transcripts", timeout=30)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_transcripts_are_listed_with_the_jwt_of_a_service_account(server, webchat):
    token = requests.post(
        f"{server.url}/realms/dial-ai/protocol/openid-connect/token",
        data={"grant_type": "client_credentials"},
        auth=("nightly", os.environ["SERVICE_SECRET"]),
        timeout=30,
    )
    assert token.status_code == 200, token.text
    backend = Caller(server.url, token.json()["access_token"])
    answer = backend.get("/api/v1/transcripts")
    assert answer.status_code == 200, answer.text
    assert webchat in [transcript["id"] for transcript in answer.json()["transcripts"]]
    assert backend.put(f"/api/v1/demo/transcripts/{webchat}/tags", json={"tags": {}}).status_code == 403, "it may read"


def test_transcripts_are_found_by_what_was_said(api, server, webchat):
    search = {"text": "breakfast", "status": ["Completed"], "platform": "web", "parameters": {"userId": "user-123"}}
    found = api.post("/api/v1/demo/transcripts/search", json=search)
    assert found.status_code == 200, found.text
    assert [transcript["id"] for transcript in found.json()["transcripts"]] == [webchat]
    body = ("--json", json.dumps({**search, "status": ["Abandoned"]}))
    status, none = curl(server, *bearer(server), *body, path="/api/v1/demo/transcripts/search")
    assert (status, none) == (200, {"transcripts": [], "next": None})


def test_a_transcript_can_be_fetched_read_and_tagged(api, webchat):
    path = f"/api/v1/demo/transcripts/{webchat}"
    whole = api.get(path).json()
    assert [call["function"] for call in whole["function_calls"]] == ["breakfast"], whole
    readable = api.get(f"{path}/readable")
    assert readable.status_code == 200, readable.text
    assert "Customer: When is breakfast?" in readable.text and "Agent: From seven." in readable.text
    tagged = api.put(f"{path}/tags", json={"tags": {"Call Reason": "Breakfast"}})
    assert (tagged.status_code, tagged.json()["tags"]) == (200, {"Call Reason": "Breakfast"})
    assert api.get("/api/v1/demo/transcripts/no-id").status_code == 404


# The README, word for word


def scripts_of_the_readme(title):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split(f"## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


def answers_of(script, folder):
    """The JSON documents that a script prints, one after the other."""
    shell = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(shell, cwd=folder, env=dict(os.environ), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    rest, answers = done.stdout.strip(), []
    while rest:
        answer, end = json.JSONDecoder().raw_decode(rest)
        answers.append(answer)
        rest = rest[end:].lstrip()
    return answers


def test_the_calls_of_the_readme_work_as_written(server, tmp_path):
    chat, transcripts = scripts_of_the_readme("Call the API")
    placeholders, calls = chat.split("\n", 1)
    assert placeholders.startswith("APP_KEY=…")

    [first] = answers_of(calls, tmp_path)
    assert "breakfast" in json.dumps(first).lower(), first
    assert answers_of(calls, tmp_path) == [first], "the same message_id gets the first answer"
    [listed] = answers_of(transcripts, tmp_path)
    assert "ada" in [transcript["contact"] for transcript in listed["transcripts"]]


def test_data_goes_to_other_systems_as_the_readme_says(api, server, tmp_path):
    if api.get("/api/v1/demo/contacts/ada").status_code == 404:
        Visitor(server, "ada").open()
    [script] = scripts_of_the_readme("Your data and other systems")
    interactions, webhook, links, export = answers_of(script, tmp_path)
    assert api.delete(f"/api/v1/demo/webhooks/{webhook['id']}").status_code == 204
    assert isinstance(interactions["data"], list), interactions
    assert webhook["secret"].startswith("whsec_"), webhook
    assert [link["user_id"] for link in links] == ["grace"], links
    assert requests.get(links[0]["url"], timeout=30).status_code == 200
    assert "ada" in json.dumps(export), export
    assert api.get("/api/v1/demo/contacts/ada").status_code == 404
