"""Whatever schemathesis can think of, for every operation: no answer of 5xx, none that the document does not describe.

It gets a world of its own (fuzz_world.py): it changes settings, renews keys and deletes things.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
from dataclasses import replace

from fuzz_world import prepare

HERE = pathlib.Path(__file__).parent
EXAMPLES = os.environ.get("PARLANCE_FUZZ_EXAMPLES", "6")
SEED = os.environ.get("PARLANCE_FUZZ_SEED") or str(random.randrange(2**32))
# Streams of the live feed last 15 minutes; crates/server/tests/http/live.rs follows them.
ENDLESS = ["followTenant", "followTranscript", "followWebchat"]
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]


def configuration(schemes, bearers):
    """schemathesis.toml: the bearer of each security scheme; the API token where nothing else is said."""

    def credential(name):
        if name == "chat_link":
            return f'api_key = "Bearer {bearers[name]}"'
        return f'bearer = "{bearers.get(name, bearers["api_token"])}"'

    lines = [f"{name} = {{ {credential(name)} }}" for name in schemes]
    # Calls without a bearer are tested elsewhere; here they would only be refused.
    return "\n".join(["[auth.openapi]", *lines, "[generation]", "with-security-parameters = false\n"])


def test_no_call_surprises_the_server(server, api, tmp_path):
    prepared = prepare(api, lambda agent: replace(server, agent=agent["id"], app_key=agent["app_key"]))
    chat = prepared.pop("chat")
    # With a token: where people sign in the document is not for everybody.
    served = api.get("/api/swagger/openapi.json")
    schemes = served.json()["components"]["securitySchemes"]
    document = tmp_path / "openapi.json"
    document.write_bytes(served.content)
    bearers = {"api_token": server.token, "app_key": chat["app_key"], "chat_link": prepared["chat_code"]}
    config = tmp_path / "schemathesis.toml"
    config.write_text(configuration(schemes, bearers), encoding="utf-8")

    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", config, "run", document, "--url", server.url]
    command += ["--checks", ",".join(CHECKS), "--max-examples", EXAMPLES, "--seed", SEED]
    command += [f"--exclude-operation-id={operation}" for operation in ENDLESS]
    command += ["--continue-on-failure", "--no-shrink", "--generation-database", "none", "--no-color"]
    world = tmp_path / "world.json"
    world.write_text(json.dumps(prepared), encoding="utf-8")
    hooks = {"SCHEMATHESIS_HOOKS": "fuzz_hooks", "PYTHONPATH": str(HERE), "FUZZ_WORLD": str(world)}
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, **hooks})
    assert done.returncode == 0, f"PARLANCE_FUZZ_SEED={SEED} repeats it"
    assert api.get(f"/api/v1/demo/agents/{chat['id']}").status_code == 200, "token and agent were good to the end"
