"""Generators make working clients of the served OpenAPI documents."""

import importlib
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
NODE_MODULES = HERE / "node_modules"
# Their bodies are JavaScript and CSV, which the generator of Python clients cannot send.
NOT_JSON = {"putFunctionSource", "importUsers"}


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **more)
    assert done.returncode == 0, f"{command[0]}: {done.stdout}\n{done.stderr}"
    return done


def test_a_generated_python_client_works(server, api, conversation, tmp_path, monkeypatch):
    # With a token: where people sign in the document is not for everybody.
    served = api.get("/api/swagger/openapi-3.1.json")
    document = served.json()
    assert document["openapi"] == "3.1.0"
    (tmp_path / "openapi-3.1.json").write_bytes(served.content)
    (tmp_path / "config.yml").write_text("post_hooks: []\n")
    generator = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    generator += ["--path", tmp_path / "openapi-3.1.json", "--config", tmp_path / "config.yml"]
    told = run(*generator, "--output-path", tmp_path / "parlance_client")
    assert "Unable to process schema" not in told.stderr, told.stderr

    generated = {file.stem for file in (tmp_path / "parlance_client/api").glob("*/*.py")} - {"__init__"}
    operations = {operation["operationId"] for item in document["paths"].values() for operation in item.values()}
    assert operations >= NOT_JSON
    assert len(generated) == len(operations - NOT_JSON), "an operation that the generator cannot read is left out"

    monkeypatch.syspath_prepend(tmp_path)
    package = importlib.import_module("parlance_client")

    def call(name):
        return importlib.import_module(f"parlance_client.api.{name}")

    client = package.AuthenticatedClient(base_url=server.url, token=server.token)
    with client:
        agents = call("agents.list_agents").sync("demo", client=client)
        assert server.agent in [agent.id for agent in agents.agents]
        page = call("transcripts.list_transcripts").sync("demo", client=client, contact=conversation.user)
        whole = [
            call("transcripts.get_transcript_with_entries").sync("demo", one.id, client=client)
            for one in page.transcripts
        ]
        assert {transcript.contact for transcript in whole} == {conversation.user}
        entries = [entry for transcript in whole for entry in transcript.entries]
        assert set(conversation.said) <= {entry.text for entry in entries if entry.author == "contact"}
        refused = call("agents.get_agent").sync_detailed("demo", "no-such-agent", client=client)
        assert refused.status_code == 404
        assert refused.parsed.type_ == "urn:parlance:problem:not-found"


def test_generated_typescript_types_hold(server, api, conversation, tmp_path):
    document = api.get("/api/swagger/openapi.json")
    assert document.json()["openapi"] == "3.2.0"
    (tmp_path / "openapi.json").write_bytes(document.content)
    (tmp_path / "package.json").write_text('{ "type": "module" }')
    (tmp_path / "client.ts").write_bytes((HERE / "client.ts").read_bytes())
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)

    here = {"cwd": tmp_path}
    run(NODE_MODULES / ".bin/openapi-typescript", "openapi.json", "--output", "schema.d.ts", **here)
    compiler = [NODE_MODULES / ".bin/tsc", "--strict", "--target", "es2022", "--module", "nodenext", "--types", "node"]
    run(*compiler, "client.ts", **here)
    answer = json.loads(run("node", "client.js", **here, env=dict(os.environ)).stdout)
    assert server.agent in answer["agents"]
    assert len(answer["contacts"]) == 1
    assert answer["refused"] == "urn:parlance:problem:not-found"
