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

from conftest import Visitor

HERE = pathlib.Path(__file__).parent
SCENARIO = HERE.parents[1] / "examples/lighthouse-inn.scenario.json"
EXAMPLES = os.environ.get("PARLANCE_FUZZ_EXAMPLES", "40")
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


def published_agent(api):
    agent = import_agent(api)
    answer = api.post(f"/api/v1/demo/agents/{agent['id']}/publish")
    assert answer.status_code == 200, answer.text
    return agent


def test_no_call_surprises_the_server(server, api, tmp_path):
    # Chats go on with an agent that no other call changes.
    chat, designed = published_agent(api), published_agent(api)
    doomed = [import_agent(api)["id"] for _ in range(20)]
    Visitor(replace(server, agent=chat["id"], app_key=chat["app_key"]), "fuzz").open()
    page = api.get("/api/v1/demo/transcripts", params={"contact": "fuzz"}).json()
    known = {
        "tenant": ["demo"],
        "agent": [designed["id"], import_agent(api)["id"]],
        "doomed": doomed,
        "transcript": [transcript["id"] for transcript in page["transcripts"]],
        "turn": [1],
        "name": ["fuzz_one", "fuzz_two"],
        "file": ["home.css", "parlance.js", "lighthouse-inn/lighthouse.svg"],
        "user_id": ["fuzz"],
        "OPENDIALOG-USER-ID": ["fuzz"],
        "OPENDIALOG-SCENARIO-ID": [chat["id"]],
        "selected_scenario": [chat["id"]],
        "scenario_id": [chat["id"]],
    }

    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", HERE / "schemathesis.toml", "run"]
    command += ["--checks", ",".join(CHECKS), "--max-examples", EXAMPLES, "--seed", SEED]
    command += ["--continue-on-failure", "--no-shrink", "--generation-database", "none", "--no-color"]
    command += [f"{server.url}/api/swagger/openapi-3.1.json"]
    ours = {"APP_KEY": chat["app_key"], "FUZZ_KNOWN": json.dumps(known)}
    hooks = {"SCHEMATHESIS_HOOKS": "fuzz_hooks", "PYTHONPATH": str(HERE)}
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, **ours, **hooks})
    assert done.returncode == 0, f"PARLANCE_FUZZ_SEED={SEED} repeats it"
    assert api.get("/readyz").status_code == 200
