"""What the calls of schemathesis are led to: one or more of everything that the API knows.

What the run itself needs (`kept`) is never changed; what calls delete or end (`doomed`) is there for that alone.
"""

from conftest import Visitor
from world import FILES, STATES, TRANSITIONS, World, flow, function, scenario, script

TEST = {
    "name": "Greets",
    "turns": [{"act": {"act": "open", "intent": "intent.core.welcome"}, "expect": [{"type": "no_refusal"}]}],
}
FAQ = {"question": "When is breakfast?", "answer": "From seven."}


def prepare(api, server_of):
    """What is known, doomed, kept, and sound. `server_of` gives the server as an agent's visitors see it."""
    world = World(api)
    # Chats go on with an agent, a flow, a script and a point of contact that no other call changes.
    chat, designed = world.published_agent(), world.published_agent()
    for user in ("fuzz", "lost"):
        Visitor(server_of(chat), user).open()
    told = world.api.get("/api/v1/demo/transcripts", params={"contact": "fuzz"}).json()["transcripts"]
    said = script("timetable")
    world.make("model-scripts/fuzz_desk", said, "PUT")
    for name in ("fuzz_one", "fuzz_two"):
        world.make(f"model-scripts/{name}", said, "PUT")
        world.make(f"secrets/{name}", {"type": "string", "value": "hidden"}, "PUT")
        world.make(f"aliases/{name}", {"agent": designed["id"]}, "PUT")
    timetable, edited_function = world.function("timetable"), world.function("edited")
    chat_flow, garden, edited_flow = (
        world.flow(name, timetable, "fuzz_desk") for name in ("Counter", "Garden", "Kitchen")
    )
    chat_point = world.point("Counter", chat_flow)
    code = chat_point["chatCode"]
    point = world.point("Garden", garden)
    webchats = [world.webchat(code) for _ in range(3)]
    taken, handed = world.webchat(code), world.webchat(code)
    for transcript in (taken, handed):
        answer = world.api.post(f"/api/org/demo/v2/webchat/{transcript}/CsrTakeOver")
        assert answer.status_code == 200, answer.text
    tests = [world.id(f"agents/{agent}/test-scenarios", TEST) for agent in (designed["id"], garden)]
    tried = world.make(f"flows/handlers/{garden}/test-conversations")["transcriptId"]
    issuer = {"issuer": "https://idp.test/", "jwks_url": "http://127.0.0.1:9/keys"}
    hook = {"url": "http://127.0.0.1:9/hook", "enabled": False}

    world.make(f"flows/handlers/{garden}/snapshots", {"note": "again"})
    left = world.id("users", {"name": "Left", "role": "editor"})
    assert world.api.delete(f"/api/v1/demo/users/{left}", params={"confirm": "Left"}).ok

    # Names of parameters; those of several kinds stand after their operation, or after what is before them in the path.
    known = {
        "tenant": ["demo"],
        "agent": [designed["id"], garden],
        "handlerId": [garden],
        "flowId": [garden, chat_flow],
        "stateId": ["hello", "known"],
        "transitionId": ["go"],
        "version": [1],
        "fileId": ["file_0"],
        "functionId": [timetable, edited_function],
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
        "documentId": [world.document("rules")],
        "faqId": [world.id("faqs", FAQ)],
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
        "attachFlowFile name": ["a.txt", "b.md"],
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
        "deleteFlow": {"handlerId": [world.flow(f"Gone {number}", timetable, "fuzz_desk") for number in range(5)]},
        "deleteFlowState": {"handlerId": [edited_flow], "stateId": [f"spare_{number}" for number in STATES]},
        "deleteFlowTransition": {
            "handlerId": [edited_flow],
            "transitionId": [f"spare_{number}" for number in TRANSITIONS],
        },
        "detachFlowFile": {"handlerId": [edited_flow], "fileId": [f"file_{number}" for number in FILES if number > 0]},
        "deleteDocument": {"documentId": [world.document(f"gone {number}") for number in range(5)]},
        "deleteFaq": {"faqId": world.ids(5, "faqs", lambda name: {**FAQ, "question": name})},
        "deleteFunction": {"functionId": [world.function(f"gone_{number}") for number in range(10)]},
        "deletePointOfContact": {
            "id": [world.point(f"Gone {number}", garden)["id"] for number in range(10)],
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
        # Their bodies name what is this flow's.
        **{
            operation: {"agent": [garden]}
            for operation in ("recordTestScenario", "replayTranscripts", "runTestScenarios")
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
        "takeOverWebchat": {"transcriptId": [handed]},
        "handBackWebchat": {"transcriptId": [handed]},
        "addCsrMessage": {"transcriptId": [taken]},
    }
    exported = world.api.get(f"/api/v1/demo/flows/handlers/{garden}/export").json()
    body = flow("Kitchen", timetable, "fuzz_desk")
    terms = {"friendlyName": "Garden", "channelType": "Web", "flowId": garden, "version": 1}
    # Bodies that are good; one field of what was made up may replace one of theirs.
    sound = {
        "createFlow": body,
        "replaceFlow": body,
        "importFlow": exported,
        "createFlowState": {"name": "More", "thought": "Be brief.", "functions": [timetable]},
        "replaceFlowState": {"name": "Hello", "thought": "Be brief.", "functions": [timetable]},
        "createFlowTransition": {"from": "known", "event": "Known", "to": {"state": "hello"}},
        "replaceFlowTransition": {"from": "hello", "event": "Known", "to": {"state": "known"}},
        "attachFlowFile": "Breakfast is at seven.",
        "searchDocuments": {"query": "breakfast"},
        "createFaq": FAQ,
        "replaceFaq": FAQ,
        "publishFlow": {"note": "x"},
        "startTestConversation": {"channel": "web"},
        "sayInTestConversation": {"message": "When is breakfast?"},
        "createFunction": function("made_up"),
        "replaceFunction": function("edited"),
        "putFunctionSource": function("x")["code"]["source"],
        "testFunction": {"input": {"parameters": {"day": "Monday"}}},
        "createPointOfContact": terms,
        "replacePointOfContact": terms,
        "putModelScript": said,
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
    kept = {chat["id"]: designed["id"], chat_flow: garden, chat_point["id"]: point["id"], "fuzz_desk": "fuzz_one"}
    return {"known": known, "doomed": doomed, "kept": kept, "sound": sound, "chat": chat, "chat_code": code}
