"""Things of the tenant `demo`, made over the API: agents, flows that a script plays, points of contact, conversations."""

import json
import pathlib

SCENARIO = pathlib.Path(__file__).parents[2] / "examples/lighthouse-inn.scenario.json"
STATES, TRANSITIONS, FILES = range(10), range(10), range(5)


def script(function):
    """What the model says in flows that have this function."""
    asked = {"when": {"text_contains": "breakfast", "tool_offered": function}}
    return {
        "rules": [
            {**asked, "then": {"call": [{"name": function, "arguments": {"day": "Monday"}}]}},
            {"when": {"tool_result_of": function}, "then": {"say": "From {{tool_result}}."}},
        ],
        "otherwise": {"say": "You said: **{{last_user}}**"},
    }


def function(name):
    """When breakfast is."""
    return {
        "name": name,
        "description": "When breakfast is",
        "events": ["Known"],
        "parameters": [{"name": "day", "type": "string"}],
        "code": {"type": "java_script", "source": "return { response: 'seven', event: 'Known' };"},
        "tests": [{"name": "seven", "input": {}, "expect": {"response": "seven"}}],
    }


def scenario():
    return json.loads(SCENARIO.read_text(encoding="utf-8"))


def flow(name, function, script):
    states = [
        {"id": "hello", "name": "Hello", "thought": "Be brief.", "functions": [function]},
        {"id": "known", "name": "Known", "thought": "Go on."},
    ]
    states += [{"id": f"spare_{number}", "name": f"Spare {number}"} for number in STATES]
    transitions = [{"id": "go", "from": "hello", "event": "Known", "to": {"state": "known"}}]
    transitions += [
        {"id": f"spare_{number}", "from": f"spare_{number}", "event": "Known", "to": "end"} for number in TRANSITIONS
    ]
    return {
        "name": name,
        "publicName": "The Desk",
        "initial": "hello",
        "states": states,
        "transitions": transitions,
        "configuration": {
            "opening": {"say": "Welcome to the desk."},
            "model": {"provider": "scripted", "name": script, "streaming": False},
            "files": [{"id": f"file_{number}", "name": f"{number}.txt", "text": "x"} for number in FILES],
        },
    }


def chat_link(code):
    """The headers of a page that holds a chat link, and no token."""
    return {"Authorization": None, "X-DialAi-Chat-Link": f"Bearer {code}"}


class World:
    """The tenant, and what is made in it."""

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
        return self.id("functions", function(name))

    def flow(self, name, function, script):
        """A flow that a script plays, with spare states and transitions, published."""
        made = self.id("flows/handlers", flow(name, function, script))
        self.make(f"flows/handlers/{made}/snapshots")
        return made

    def document(self, name):
        """A document of the tenant; it may still wait."""
        form = {"file": (f"{name}.txt", b"Breakfast is from seven.", "text/plain")}
        answer = self.api.post("/api/v1/demo/documents", files=form)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

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
        answer = self.api.post("/api/org/demo/v2/webchat", json={}, headers=chat_link(code))
        assert answer.status_code == 201, answer.text
        return answer.json()["transcriptId"]
