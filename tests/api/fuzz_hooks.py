"""Leads most calls of schemathesis to things that exist and to bodies that mean something.

Left alone it hardly guesses an id, and calls that are all refused show little. What it made up stays in
one place of five. The choice is drawn from the call itself: the same call is changed in the same way.
"""

import json
import os
import random

import schemathesis

# What fuzz_world.py prepared.
WORLD = json.loads(os.environ["FUZZ_WORLD"])
# Values that exist, under the names of parameters.
KNOWN = WORLD["known"]
# The same by operation, for what is gone or another afterwards.
DOOMED = WORLD["doomed"]
# What no call changes, with what is taken instead.
KEPT = WORLD["kept"]
USER = KNOWN["OPENDIALOG-USER-ID"][0]
# Fields of bodies that are led to what exists, too.
LED_IN_BODIES = ["scenario_id", "flowId", "chatId", "transcript"]
LINK = "X-DialAi-Chat-Link"


@schemathesis.hook
def before_call(context, case, kwargs):
    drawn = random.Random(repr((case.operation.label, case.path_parameters, case.query, case.headers, case.body)))
    for place in (case.path_parameters, case.query, case.headers):
        for name in list(place or ()):
            values = KNOWN.get(qualified(case.operation.path, name)) or KNOWN.get(name)
            if values and drawn.random() < 0.8:
                place[name] = drawn.choice(values)
    # A token that was made up is refused before anything else of a message is looked at.
    if case.headers and drawn.random() < 0.8:
        case.headers.pop("X-Parlance-Visitor-Token", None)
    # The web chat takes a chat link or a token of the tenant.
    if LINK in (case.headers or {}) or (accepts_links(case.operation) and drawn.random() < 0.5):
        case.headers[LINK] = f"Bearer {WORLD['chat_code']}"
        case.headers.pop("Authorization", None)
    # schemathesis learns ids from answers; what the run needs goes on.
    for name, value in (case.path_parameters or {}).items():
        case.path_parameters[name] = KEPT.get(value, value) if isinstance(value, str) else value
    # Always, or the run would end itself: schemathesis also learns the id of the token that it calls with.
    for name, values in DOOMED.get(case.operation.definition.raw.get("operationId"), {}).items():
        if case.path_parameters:
            case.path_parameters[name] = drawn.choice(values)
    if isinstance(case.body, dict) and drawn.random() < 0.8:
        if "notification" in case.body:
            make_meaningful(case.body, drawn)
        for name in [name for name in LED_IN_BODIES if name in case.body]:
            case.body[name] = drawn.choice(KNOWN[name])


def qualified(path, name):
    """A parameter with what stands before it in a path: `users/{id}`."""
    before = path.split(f"/{{{name}}}")[0].rsplit("/", 1)[-1]
    return f"{before}/{{{name}}}"


def accepts_links(operation):
    return any("chat_link" in scheme for scheme in operation.definition.raw.get("security", []))


def make_meaningful(message, drawn):
    """A chat message that names its visitor as the header does, and has what its type needs."""
    message |= {"notification": "message", "user_id": USER, "author": USER}
    message.pop("message_id", None)
    content = message.get("content")
    if isinstance(content, dict):
        content |= {"callback_id": drawn.choice(["intent.core.welcome", "intent.core.restart"]), "user": {}}
        content["data"] = {
            "text": drawn.choice(["When is breakfast?", "\u202e", ""]),
            "value": "x",
            "url": "https://x.test",
        }
