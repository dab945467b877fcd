"""A webhook is what the Standard Webhooks library for Python takes for one."""

import http.server
import queue
import threading

import pytest
from conftest import Visitor
from standardwebhooks.webhooks import Webhook, WebhookVerificationError


@pytest.fixture
def endpoint():
    """An address, and what is sent there."""
    received = queue.Queue()

    class Endpoint(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.put((dict(self.headers), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{receiver.server_port}/events", received
    receiver.shutdown()
    receiver.server_close()


def test_what_is_said_arrives_signed(server, api, endpoint):
    url, received = endpoint
    wanted = {"url": url, "events": ["turn.completed"], "agents": [server.agent]}
    made = api.post("/api/v1/demo/webhooks", json=wanted)
    assert made.status_code == 201, made.text
    hook = made.json()
    try:
        Visitor(server, "hedy").say("When is breakfast?")
        headers, body = received.get(timeout=20)
        event = Webhook(hook["secret"]).verify(body, headers)
        assert event["type"] == "turn.completed"
        assert event["data"]["contact"] == "hedy"
        with pytest.raises(WebhookVerificationError):
            Webhook(hook["secret"]).verify(body + b" ", headers)
    finally:
        assert api.delete(f"/api/v1/demo/webhooks/{hook['id']}").status_code == 204
