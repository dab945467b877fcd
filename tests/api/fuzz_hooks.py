"""Leads most calls of schemathesis to things that exist and to bodies that mean something.

Left alone it hardly guesses an id, and calls that are all refused show little. What it made up stays in
one place of five. The choice is drawn from the call itself: the same call is changed in the same way.
"""

import json
import os
import pathlib
import random

import schemathesis

# What fuzz_world.py prepared.
WORLD = json.loads(pathlib.Path(os.environ["FUZZ_WORLD"]).read_text(encoding="utf-8"))
# Values that exist, under the names of parameters.
KNOWN = WORLD["known"]
# The same by operation, for what is gone or another afterwards.
DOOMED = WORLD["doomed"]
# What no call changes, with what is taken instead.
KEPT = WORLD["kept"]
# Good bodies by operation.
SOUND = WORLD["sound"]
USER = KNOWN["OPENDIALOG-USER-ID"][0]
# Fields of bodies that are led to what exists, too.
LED_IN_BODIES = ["scenario_id", "flowId", "chatId", "transcript"]
LINK = "X-DialAi-Chat-Link"


@schemathesis.hook
def before_call(context, case, kwargs):
    drawn = random.Random(repr((case.operation.label, case.path_parameters, case.query, case.headers, case.body)))
    for place in (case.path_parameters, case.query, case.headers):
        for name in list(place or ()):
            values = known(case.operation, name)
            if values and drawn.random() < 0.8:
                place[name] = drawn.choice(values)
    # A token that was made up is refused before anything else of a message is looked at.
    if case.headers and drawn.random() < 0.8:
        case.headers.pop("X-Parlance-Visitor-Token", None)
    # The web chat takes a chat link or a token of the tenant.
    if LINK in (case.headers or {}) or (accepts_links(case.operation) and drawn.random() < 0.5):
        case.headers[LINK] = f"Bearer {WORLD['chat_code']}"
        case.headers.pop("Authorization", None)
    # Their answers are streams that end.
    if id_of(case.operation) in ("createWebchat", "sendWebchatMessage") and drawn.random() < 0.3:
        case.headers["Accept"] = "text/event-stream"
    # schemathesis learns ids from answers; what the run needs goes on.
    for name, value in (case.path_parameters or {}).items():
        case.path_parameters[name] = KEPT.get(value, value) if isinstance(value, str) else value
    # Always, or the run would end itself: schemathesis also learns the id of the token that it calls with.
    for name, values in DOOMED.get(id_of(case.operation), {}).items():
        if case.path_parameters:
            case.path_parameters[name] = drawn.choice(values)
    if isinstance(case.body, dict) and drawn.random() < 0.8:
        if "notification" in case.body:
            make_meaningful(case.body, drawn)
        for name in [name for name in LED_IN_BODIES if name in case.body]:
            case.body[name] = drawn.choice(KNOWN[name])
    if id_of(case.operation) in SOUND and drawn.random() < 0.6:
        case.body = improved(SOUND[id_of(case.operation)], case.body, drawn)
        # Otherwise it is refused for the revision, and names are taken.
        (case.headers or {}).pop("If-Match", None)
        if id_of(case.operation).startswith("create") and "name" in SOUND[id_of(case.operation)]:
            case.body["name"] = f"made up {drawn.randrange(10**9)}"


def id_of(operation):
    return operation.definition.raw.get("operationId")


def known(operation, name):
    """What a parameter may be: of its operation, of what stands before it in the path (`users/{id}`), or of its name."""
    before = operation.path.split(f"/{{{name}}}")[0].rsplit("/", 1)[-1]
    names = (f"{id_of(operation)} {name}", f"{before}/{{{name}}}", name)
    return next((KNOWN[name] for name in names if name in KNOWN), None)


def improved(sound, made_up, drawn):
    """A good body with one field of what was made up."""
    if not isinstance(sound, dict):
        return sound
    taken = [drawn.choice(sorted(made_up))] if isinstance(made_up, dict) and made_up else []
    return {**sound, **{name: made_up[name] for name in taken}}


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
