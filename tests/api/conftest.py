"""Who calls the server that `run` started, and a conversation to ask about."""

import os
from dataclasses import dataclass

import pytest
import requests


@dataclass(frozen=True)
class Server:
    url: str
    agent: str
    app_key: str
    token: str


@dataclass(frozen=True)
class Conversation:
    user: str
    said: list[str]
    heard: list[str]


class Caller(requests.Session):
    """A program that carries one bearer, and takes paths for addresses."""

    def __init__(self, url, bearer, **headers):
        super().__init__()
        self.url = url
        self.headers.update({"Authorization": f"Bearer {bearer}", **headers})

    def request(self, method, path, **more):
        return super().request(method, self.url + path, timeout=30, **more)


class Visitor(Caller):
    """A chat as a Python program holds it: the session keeps the cookies that the agent asks for."""

    def __init__(self, server, user):
        super().__init__(
            server.url, server.app_key, **{"OPENDIALOG-USER-ID": user, "OPENDIALOG-SCENARIO-ID": server.agent}
        )
        self.user = user
        self.scenario = server.agent
        configuration = self.get("/chat-api/configuration")
        assert configuration.status_code == 200, configuration.text
        # Agents that are open to anybody have none.
        self.headers["X-CSRF-TOKEN"] = configuration.json().get("csrfToken")

    def act(self, content):
        """The messages that the agent answers with."""
        user = {"email": "grace@example.com", "custom": {"selected_scenario": self.scenario}}
        body = {
            "notification": "message",
            "user_id": self.user,
            "author": self.user,
            "content": {"author": self.user, "user_id": self.user, "user": user, **content},
        }
        answer = self.post("/chat-api/message", json=body)
        assert answer.status_code == 200, answer.text
        messages = answer.json()
        return messages if isinstance(messages, list) else [messages]

    def open(self):
        return self.act({"type": "chat_open", "callback_id": "intent.core.welcome", "data": {}})

    def say(self, text):
        return self.act({"type": "text", "data": {"text": text}})


@pytest.fixture(scope="session")
def server():
    variables = ("URL", "AGENT", "APP_KEY", "TOKEN")
    return Server(*(os.environ[name] for name in variables))


@pytest.fixture
def api(server):
    """A program with an API token."""
    return Caller(server.url, server.token, Accept="application/json")


@pytest.fixture(scope="session")
def conversation(server):
    visitor = Visitor(server, "grace")
    said = ["When is breakfast?", "Do you have a room?"]
    answers = [visitor.open(), *(visitor.say(text) for text in said)]
    heard = [
        message["data"]["text"] for answer in answers for message in answer if message and message["type"] == "text"
    ]
    return Conversation(visitor.user, said, heard)
