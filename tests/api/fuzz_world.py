"""What the calls of schemathesis are led to: one or more of everything that the API knows.

What the run itself needs (KEPT) is never changed; what calls delete or end (DOOMED) is there for that alone.
"""

import json
import pathlib

from conftest import Visitor

SCENARIO = pathlib.Path(__file__).parents[2] / "examples/lighthouse-inn.scenario.json"
# What the model says in flows.
SCRIPT = {
    "rules": [
        {
            "when": {"text_contains": "breakfast", "tool_offered": "breakfast"},
            "then": {"call": [{"name": "breakfast", "arguments": {"day": "Monday"}}]},
        },
        {"when": {"tool_result_of": "breakfast"}, "then": {"say": "From {{tool_result}}."}},
    ],
    "otherwise": {"say": "You said: **{{last_user}}**"},
}
FUNCTION = {
    "name": "breakfast",
    "description": "When breakfast is",
    "events": ["Known"],
    "parameters": [{"name": "day", "type": "string"}],
    "code": {"type": "java_script", "source": "return { response: 'seven', event: 'Known' };"},
    "tests": [{"name": "seven", "input": {}, "expect": {"response": "seven"}}],
}
TEST = {
    "name": "Greets",
    "turns": [{"act": {"act": "open", "intent": "intent.core.welcome"}, "expect": [{"type": "no_refusal"}]}],
}
STATES, TRANSITIONS = range(10), range(10)


def scenario():
    return json.loads(SCENARIO.read_text(encoding="utf-8"))


class World:
    """The tenant `demo`, and what is made in it."""

    def __init__(self, api):
        self.api = api

    def make(self, path, body=None, method="POST"):
        answer = self.api.request(method, f"/api/v1/demo/{path}", json={} if body is None else body)
        assert answer.status_code in (200, 201), f"{path}: {answer.text}"
        return answer.json()

    def id(self, path, body=None):
        return self.make(path, body)["id"]

    def ids(self, count, path, body):
        """Several of a kind, which need names of their own."""
        return [self.id(path, body(f"spare {number}")) for number in range(count)]

    def agent(self):
        return self.make("agents?open=true", scenario())

    def published_agent(self):
        agent = self.agent()
        self.make(f"agents/{agent['id']}/publish")
        return agent

    def function(self, name):
        return self.id("functions", {**FUNCTION, "name": name.replace(" ", "_")})

    def flow(self, name, function):
        """A flow that a script plays, with spare states and transitions, published."""
        made = self.id("flows/handlers", self.flow_body(name, function))
        self.make(f"flows/handlers/{made}/snapshots")
        return made

    def flow_body(self, name, function):
        states = [
            {"id": "hello", "name": "Hello", "thought": "Be brief.", "functions": [function]},
            {"id": "known", "name": "Known", "thought": "Go on."},
        ]
        states += [{"id": f"spare_{number}", "name": f"Spare {number}"} for number in STATES]
        transitions = [{"id": "go", "from": "hello", "event": "Known", "to": {"state": "known"}}]
        transitions += [
            {"id": f"spare_{number}", "from": f"spare_{number}", "event": "Known", "to": "end"}
            for number in TRANSITIONS
        ]
        return {
            "name": name,
            "publicName": "The Desk",
            "initial": "hello",
            "states": states,
            "transitions": transitions,
            "configuration": {
                "opening": {"say": "Welcome to the desk."},
                "model": {"provider": "scripted", "name": "fuzz_desk", "streaming": False},
                "files": [{"id": f"file_{number}", "name": f"{number}.txt", "text": "x"} for number in range(5)],
            },
        }

    def link(self, agent):
        """The code of a deep link."""
        body = {"scenario_id": agent, "dataset": [{"user_id": "linked", "attributes": {"name": "x"}}]}
        answer = self.api.post("/public/api/generate-webchat-deep-link", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()[0]["url"].rsplit("/", 1)[-1].split("?")[0]

    def point(self, name, flow, **more):
        body = {"friendlyName": name, "channelType": "Web", "flowId": flow, "version": 1, **more}
        return self.make("points-of-contact", body)

    def webchat(self, code):
        """A conversation that was begun with a chat link."""
        link = {"Authorization": None, "X-DialAi-Chat-Link": f"Bearer {code}"}
        answer = self.api.post("/api/org/demo/v2/webchat", json={}, headers=link)
        assert answer.status_code == 201, answer.text
        return answer.json()["transcriptId"]


def prepare(world, server_of):
    """What is known, what is doomed, and what is kept. `server_of` gives the server as an agent's visitors see it."""
    # Chats go on with an agent, a flow, a script and a point of contact that no other call changes.
    chat, designed = world.published_agent(), world.published_agent()
    for user in ("fuzz", "lost"):
        Visitor(server_of(chat), user).open()
    told = world.api.get("/api/v1/demo/transcripts", params={"contact": "fuzz"}).json()["transcripts"]
    world.make("model-scripts/fuzz_desk", SCRIPT, "PUT")
    for name in ("fuzz_one", "fuzz_two"):
        world.make(f"model-scripts/{name}", SCRIPT, "PUT")
        world.make(f"secrets/{name}", {"type": "string", "value": "hidden"}, "PUT")
        world.make(f"aliases/{name}", {"agent": designed["id"]}, "PUT")
    function, edited_function = world.function("breakfast"), world.function("edited")
    chat_flow, flow, edited_flow = (world.flow(name, function) for name in ("Desk", "Garden", "Kitchen"))
    chat_point = world.point("Desk", chat_flow)
    code = chat_point["chatCode"]
    point = world.point("Garden", flow)
    webchats = [world.webchat(code) for _ in range(3)]
    taken = world.webchat(code)
    answer = world.api.post(f"/api/org/demo/v2/webchat/{taken}/CsrTakeOver")
    assert answer.status_code == 200, answer.text
    tests = [world.id(f"agents/{agent}/test-scenarios", TEST) for agent in (designed["id"], flow)]
    tried = world.make(f"flows/handlers/{flow}/test-conversations")["transcriptId"]
    issuer = {"issuer": "https://idp.test/", "jwks_url": "http://127.0.0.1:9/keys"}
    hook = {"url": "http://127.0.0.1:9/hook", "enabled": False}

    world.make(f"flows/handlers/{flow}/snapshots", {"note": "again"})
    left = world.id("users", {"name": "Left", "role": "editor"})
    assert world.api.delete(f"/api/v1/demo/users/{left}", params={"confirm": "Left"}).ok

    # Names of parameters; those of several kinds stand after their operation, or after what is before them in the path.
    known = {
        "tenant": ["demo"],
        "agent": [designed["id"], flow],
        "handlerId": [flow],
        "flowId": [flow, chat_flow],
        "stateId": ["hello", "known"],
        "transitionId": ["go"],
        "version": [1],
        "fileId": ["file_0"],
        "functionId": [function, edited_function],
        "number": [1],
        "scenario": tests,
        "chatId": [code],
        "transcript": [*(transcript["id"] for transcript in told), *webchats],
        "transcriptId": [*webchats, taken],
        "test-conversations/{transcriptId}": [tried],
        "turn": [1],
        "contact": ["fuzz"],
        "name": ["fuzz_one", "fuzz_two"],
        "key": ["OpenAi.ApiKey"],
        "flag": ["file_uploads"],
        "slot": ["chat_header_icon"],
        "variant": ["light"],
        "points-of-contact/{id}": [point["id"]],
        "issuers/{id}": [world.id("issuers", issuer)],
        "webhooks/{id}": [world.id("webhooks", hook)],
        "users/{id}": [world.id("users", {"name": "Ada", "role": "editor"})],
        "roles/{id}": [world.id("roles", {"name": "Readers", "scopes": ["transcripts:read"]})],
        "file": ["home.css", "parlance.js", "lighthouse-inn/lighthouse.svg"],
        "user_id": ["fuzz"],
        "OPENDIALOG-USER-ID": ["fuzz"],
        "OPENDIALOG-SCENARIO-ID": [chat["id"]],
        "selected_scenario": [chat["id"]],
        "scenario_id": [chat["id"]],
        "from": ["2026-01-01 00:00:00"],
        "to": ["2036-01-01 00:00:00"],
        "start_date": ["2026-01-01"],
        "end_date": ["2036-01-01"],
        "exportType": ["json"],
        "code": [world.link(chat["id"])],
        "format": ["json", "junit"],
        "invite": ["true", "false"],
        "compareFlowSnapshots from": [1],
        "compareFlowSnapshots to": [2],
        "restoreUser id": [left],
        "confirm": ["spare 0", "spare 1"],
    }
    # By operation: what is gone or another afterwards.
    ended = [world.webchat(code) for _ in range(20)]
    doomed = {
        "deleteAgent": {"agent": [world.agent()["id"] for _ in range(20)]},
        "eraseContact": {"contact": ["lost"]},
        "revokeToken": {"id": world.ids(5, "tokens", lambda name: {"name": name})},
        "deleteFlow": {"handlerId": [world.flow(f"Gone {number}", function) for number in range(5)]},
        "deleteFlowState": {"handlerId": [edited_flow], "stateId": [f"spare_{number}" for number in STATES]},
        "deleteFlowTransition": {
            "handlerId": [edited_flow],
            "transitionId": [f"spare_{number}" for number in TRANSITIONS],
        },
        "detachFlowFile": {"handlerId": [edited_flow], "fileId": [f"file_{number}" for number in range(1, 5)]},
        "deleteFunction": {"functionId": [world.function(f"gone_{number}") for number in range(10)]},
        "deletePointOfContact": {
            "id": [world.point(f"Gone {number}", flow)["id"] for number in range(10)],
        },
        "deleteTestScenario": {
            "agent": [designed["id"]],
            "scenario": world.ids(5, f"agents/{designed['id']}/test-scenarios", lambda name: {**TEST, "name": name}),
        },
        "deleteUser": {"id": world.ids(5, "users", lambda name: {"name": name, "role": "editor"})},
        "deleteRole": {"id": world.ids(5, "roles", lambda name: {"name": name, "scopes": ["transcripts:read"]})},
        "deleteWebhook": {"id": [world.id("webhooks", hook) for _ in range(5)]},
        "deleteIssuer": {
            "id": world.ids(5, "issuers", lambda name: {**issuer, "issuer": f"https://{name[-1]}.idp.test/"})
        },
        # All of a draft is another then.
        "replaceFlow": {"handlerId": [edited_flow]},
        "replaceFunction": {"functionId": [edited_function]},
        "putFunctionSource": {"functionId": [edited_function]},
        **{
            operation: {name: ended}
            for operation, name in (
                ("putWebchatStatus", "transcriptId"),
                ("putTranscriptStatus", "transcript"),
                ("reportTranscript", "transcript"),
                ("restartTranscript", "transcript"),
            )
        },
        # Where somebody has taken over the agent is silent.
        "takeOverWebchat": {"transcriptId": [taken]},
        "handBackWebchat": {"transcriptId": ended},
        "addCsrMessage": {"transcriptId": [taken]},
    }
    exported = world.api.get(f"/api/v1/demo/flows/handlers/{flow}/export").json()
    body = world.flow_body("Kitchen", function)
    terms = {"friendlyName": "Garden", "channelType": "Web", "flowId": flow, "version": 1}
    # Bodies that are good; one field of what was made up may replace one of theirs.
    sound = {
        "createFlow": body,
        "replaceFlow": body,
        "importFlow": exported,
        "createFlowState": {"name": "More", "thought": "Be brief.", "functions": [function]},
        "replaceFlowState": {"name": "Hello", "thought": "Be brief.", "functions": [function]},
        "createFlowTransition": {"from": "known", "event": "Known", "to": {"state": "hello"}},
        "replaceFlowTransition": {"from": "hello", "event": "Known", "to": {"state": "known"}},
        "publishFlow": {"note": "x"},
        "startTestConversation": {"channel": "web"},
        "sayInTestConversation": {"message": "When is breakfast?"},
        "createFunction": {**FUNCTION, "name": "made_up"},
        "replaceFunction": {**FUNCTION, "name": "edited"},
        "putFunctionSource": FUNCTION["code"]["source"],
        "testFunction": {"input": {"parameters": {"day": "Monday"}}},
        "createPointOfContact": terms,
        "replacePointOfContact": terms,
        "putModelScript": SCRIPT,
        "importAgent": scenario(),
        "replaceDraft": scenario(),
        "createTestScenario": TEST,
        "putTestScenario": TEST,
        "runTestScenarios": {"scenarios": tests[1:], "versions": ["draft", 1]},
        "recordTestScenario": {"transcript": tried},
        "replayTranscripts": {"version": "draft", "transcripts": [tried]},
        "createWebchat": {"chatId": code, "language": "en"},
        "sendWebchatMessage": {"message": "When is breakfast?"},
        "addCsrMessage": {"message": "Hello, this is Sam."},
        "putWebchatStatus": {"status": "Completed"},
        "putTranscriptStatus": {"status": "NoAnswer"},
        "putTranscriptTags": {"tags": {"Issue": "login"}},
        "searchTranscripts": {"text": "breakfast"},
        "putEnvironmentValue": {"value": "x"},
        "createUser": {"name": "Eve", "role": "editor"},
        "putUser": {"role": "editor"},
        "putProfile": {"status": "Busy"},
        "importUsers": "name,roles\nBob,editor\n",
        "createRole": {"name": "Writers", "scopes": ["transcripts:read"]},
        "putRole": {"name": "Readers", "scopes": ["transcripts:read"]},
        "createWebhook": hook,
        "putWebhook": hook,
        "createIssuer": {**issuer, "issuer": "https://another.idp.test/"},
        "putIssuer": issuer,
    }
    kept = {chat["id"]: designed["id"], chat_flow: flow, chat_point["id"]: point["id"], "fuzz_desk": "fuzz_one"}
    return {"known": known, "doomed": doomed, "kept": kept, "sound": sound, "chat": chat, "chat_code": code}
