"""Programs that were not written for Parlance sign people in: Authlib in Python, openid-client in Node."""

import html
import json
import os
import pathlib
import re
import subprocess
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from conftest import Caller
from joserfc import jwt
from joserfc.jwk import KeySet

HERE = pathlib.Path(__file__).parent
CLIENT = "dial-ai-web"
BACK = "http://127.0.0.1:9/back"
EMAIL = "grace.hopper@example.com"
PASSWORD = "nanoseconds of wire"


def hidden(page, name):
    value = re.search(f'name="{name}" value="([^"]*)"', page).group(1)
    return html.unescape(value)


@pytest.fixture(scope="module")
def person(server):
    """Somebody who was invited, and chose a password."""
    api = Caller(server.url, server.token)
    user = api.post("/api/v1/demo/users", json={"name": EMAIL, "role": "editor"})
    assert user.status_code == 201, user.text
    invitation = api.post(f"/api/v1/demo/users/{user.json()['id']}/invite").json()
    browser = requests.Session()
    page = browser.get(invitation["link"], timeout=30).text
    fields = {"form": hidden(page, "form"), "link": hidden(page, "link"), "password": PASSWORD}
    chosen = browser.post(f"{server.url}/realms/dial-ai/account/password", data=fields, timeout=30)
    assert chosen.status_code == 200, chosen.text
    return EMAIL


@pytest.fixture
def metadata(server, monkeypatch):
    # The server of the tests speaks plain http on this machine.
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    return requests.get(f"{server.url}/realms/dial-ai/.well-known/openid-configuration", timeout=30).json()


def sign_in(server, address, email):
    """What a person does in a browser; the address that the browser is sent to in the end."""
    browser = requests.Session()
    page = browser.get(address, timeout=30)
    assert page.status_code == 200, page.text
    fields = {name: hidden(page.text, name) for name in ("form", "request")}
    fields |= {"username": email, "password": PASSWORD}
    answer = browser.post(f"{server.url}/realms/dial-ai/sign-in", data=fields, timeout=30, allow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def test_da_a01_da_a02_authlib_signs_in_with_pkce_and_exchanges_for_a_tenant(server, person, metadata):
    program = OAuth2Session(
        CLIENT,
        redirect_uri=BACK,
        scope="openid email",
        code_challenge_method="S256",
        token_endpoint_auth_method="none",
        token_endpoint=metadata["token_endpoint"],
        revocation_endpoint_auth_method="none",
    )
    verifier, nonce = generate_token(64), generate_token(16)
    address, state = program.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    back = sign_in(server, address, person)
    said = parse_qs(urlsplit(back).query)
    assert said["iss"] == [metadata["issuer"]]
    tokens = program.fetch_token(
        metadata["token_endpoint"], authorization_response=back, code_verifier=verifier, state=state
    )

    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=30).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (metadata["issuer"], CLIENT, nonce)
    assert claims["email"] == person
    assert program.get(metadata["userinfo_endpoint"]).json()["email"] == person

    # The user's own token is not what a tenant takes.
    agents = "/api/v1/demo/agents"
    assert Caller(server.url, tokens["access_token"]).get(agents).status_code == 403
    exchanged = requests.post(
        metadata["token_endpoint"],
        data={
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "client_id": CLIENT,
            "subject_token": tokens["access_token"],
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "audience": "demo",
        },
        timeout=30,
    ).json()
    tenant = Caller(server.url, exchanged["access_token"]).get(agents)
    assert tenant.status_code == 200, tenant.text
    assert server.agent in [agent["id"] for agent in tenant.json()["agents"]]

    first = tokens["refresh_token"]
    assert program.refresh_token(metadata["token_endpoint"])["refresh_token"] != first
    with pytest.raises(OAuthError, match="invalid_grant"):
        program.refresh_token(metadata["token_endpoint"], refresh_token=first)


def test_da_a01_a_wrong_verifier_yields_no_token(server, person, metadata):
    program = OAuth2Session(
        CLIENT, redirect_uri=BACK, scope="openid", code_challenge_method="S256", token_endpoint_auth_method="none"
    )
    address, state = program.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=generate_token(64)
    )
    back = sign_in(server, address, person)
    with pytest.raises(OAuthError, match="invalid_grant"):
        program.fetch_token(
            metadata["token_endpoint"], authorization_response=back, code_verifier=generate_token(64), state=state
        )


def test_da_a06_openid_client_discovers_the_realm_and_a_service_account_calls_the_tenant(server, tmp_path):
    (tmp_path / "package.json").write_text('{ "type": "module" }')
    (tmp_path / "realm.js").write_bytes((HERE / "realm.js").read_bytes())
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    done = subprocess.run(
        ["node", "realm.js"], cwd=tmp_path, capture_output=True, text=True, timeout=60, env=dict(os.environ)
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    said = json.loads(done.stdout)
    assert said["issuer"] == f"{server.url}/realms/dial-ai"
    assert said["authorization"].startswith(f"{server.url}/realms/dial-ai/protocol/openid-connect/auth?")
    assert said["scope"] == "transcripts:read agents:read"
    assert said["status"] == 200
