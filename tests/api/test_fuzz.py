"""Whatever schemathesis can think of, for every operation: no answer of 5xx, none that the document does not describe.

It gets agents of its own: it changes their settings, renews their keys and deletes them.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
from dataclasses import replace

import requests
from conftest import Visitor

HERE = pathlib.Path(__file__).parent
SCENARIO = HERE.parents[1] / "examples/lighthouse-inn.scenario.json"
EXAMPLES = os.environ.get("PARLANCE_FUZZ_EXAMPLES", "30")
SEED = os.environ.get("PARLANCE_FUZZ_SEED") or str(random.randrange(2**32))
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]


def import_agent(api):
    scenario = json.loads(SCENARIO.read_text(encoding="utf-8"))
    answer = api.post("/api/v1/demo/agents?open=true", json=scenario)
    assert answer.status_code == 201, answer.text
    return answer.json()


def make_token(api):
    answer = api.post("/api/v1/demo/tokens", json={})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def published_agent(api):
    agent = import_agent(api)
    answer = api.post(f"/api/v1/demo/agents/{agent['id']}/publish")
    assert answer.status_code == 200, answer.text
    return agent


def configuration(schemes, bearers):
    """schemathesis.toml: the bearer of each security scheme; the API token where nothing else is said."""
    lines = [f'{name} = {{ bearer = "{bearers.get(name, bearers["api_token"])}" }}' for name in schemes]
    # Calls without a bearer are tested elsewhere; here they would only be refused.
    return "\n".join(["[auth.openapi]", *lines, "[generation]", "with-security-parameters = false\n"])


def test_no_call_surprises_the_server(server, api, tmp_path):
    # Chats go on with an agent that no other call changes.
    chat, designed = published_agent(api), published_agent(api)
    chat_server = replace(server, agent=chat["id"], app_key=chat["app_key"])
    for user in ("fuzz", "lost"):
        Visitor(chat_server, user).open()
    page = api.get("/api/v1/demo/transcripts", params={"contact": "fuzz"}).json()
    known = {
        "tenant": ["demo"],
        "agent": [designed["id"], import_agent(api)["id"]],
        "transcript": [transcript["id"] for transcript in page["transcripts"]],
        "turn": [1],
        "contact": ["fuzz"],
        "name": ["fuzz_one", "fuzz_two"],
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
    }
    doomed = {
        "deleteAgent": {"agent": [import_agent(api)["id"] for _ in range(20)]},
        "eraseContact": {"contact": ["lost"]},
        "revokeToken": {"id": [make_token(api) for _ in range(5)]},
    }
    document = f"{server.url}/api/swagger/openapi-3.1.json"
    schemes = requests.get(document, timeout=30).json()["components"]["securitySchemes"]
    bearers = {"api_token": server.token, "app_key": chat["app_key"]}
    config = tmp_path / "schemathesis.toml"
    config.write_text(configuration(schemes, bearers), encoding="utf-8")

    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", config, "run", document]
    command += ["--checks", ",".join(CHECKS), "--max-examples", EXAMPLES, "--seed", SEED]
    command += ["--continue-on-failure", "--no-shrink", "--generation-database", "none", "--no-color"]
    hooks = {"SCHEMATHESIS_HOOKS": "fuzz_hooks", "PYTHONPATH": str(HERE)}
    hooks |= {"FUZZ_KNOWN": json.dumps(known), "FUZZ_DOOMED": json.dumps(doomed)}
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, **hooks})
    assert done.returncode == 0, f"PARLANCE_FUZZ_SEED={SEED} repeats it"
    assert api.get(f"/api/v1/demo/agents/{chat['id']}").status_code == 200, "token and agent were good to the end"
