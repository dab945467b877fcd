"""Leads most calls of schemathesis to things that exist and to bodies that mean something.

Left alone it hardly guesses an id, and calls that are all refused show little. What it made up stays in
one place of five. The choice is drawn from the call itself: the same call is changed in the same way.
"""

import json
import os
import random

import schemathesis

# What test_fuzz.py prepared: values that exist, under the names of parameters.
KNOWN = json.loads(os.environ["FUZZ_KNOWN"])
# The same by operation, for what is gone afterwards.
DOOMED = json.loads(os.environ["FUZZ_DOOMED"])
USER = KNOWN["OPENDIALOG-USER-ID"][0]
CHAT = KNOWN["OPENDIALOG-SCENARIO-ID"][0]


@schemathesis.hook
def before_call(context, case, kwargs):
    drawn = random.Random(repr((case.operation.label, case.path_parameters, case.query, case.headers, case.body)))
    for place in (case.path_parameters, case.query, case.headers):
        for name in [name for name in place or () if name in KNOWN]:
            if drawn.random() < 0.8:
                place[name] = drawn.choice(KNOWN[name])
    # A token that was made up is refused before anything else of a message is looked at.
    if case.headers and drawn.random() < 0.8:
        case.headers.pop("X-Parlance-Visitor-Token", None)
    # schemathesis learns ids from answers; with this agent chats must go on.
    if (case.path_parameters or {}).get("agent") == CHAT:
        case.path_parameters["agent"] = drawn.choice(KNOWN["agent"])
    # Always, or the run would end itself: schemathesis also learns the id of the token that it calls with.
    for name, values in DOOMED.get(case.operation.definition.raw.get("operationId"), {}).items():
        if case.path_parameters:
            case.path_parameters[name] = drawn.choice(values)
    if isinstance(case.body, dict) and drawn.random() < 0.8:
        if "notification" in case.body:
            make_meaningful(case.body, drawn)
        if "scenario_id" in case.body:
            case.body["scenario_id"] = drawn.choice(KNOWN["scenario_id"])


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
