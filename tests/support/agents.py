"""An agent on loopback that supplies credentials, first late as the test says, then properly."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

ROLE = "node-role"

Answer = tuple[int, str]
"""A status and a body; status 0 closes the connection without an answer."""

LATE: dict[str, Answer] = {
    "500": (500, "internal error"),
    "429": (429, '{"message": "slow down"}'),
    "404": (404, "not found"),
    "HTML": (200, "<html>starting</html>"),
    "no credentials": (200, '{"Code": "Starting", "Message": "wait"}'),
    "closed": (0, ""),
}


@dataclass(slots=True)
class Agent:
    """Sends `late`, one answer for each request, and then `credentials`, as EC2 or a container agent."""

    credentials: str
    late: list[Answer] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, method: str, path: str) -> Answer:
        """Return the answer to the next request."""
        self.asked.append(f"{method} {path}")
        if self.late:
            return self.late.pop(0)
        if path == "/latest/api/token":
            return 200, "token"
        if path.endswith("/security-credentials/"):
            return 200, ROLE
        return 200, self.credentials


def keys(access_key: str, secret_key: str, token: str = "", **more: object) -> str:
    """Return credentials in the form that an agent sends."""
    return json.dumps(
        {
            "AccessKeyId": access_key,
            "SecretAccessKey": secret_key,
            "Token": token,
            "Expiration": "2099-01-01T00:00:00Z",
        }
        | more
    )


@contextmanager
def serving(credentials: str, late: Sequence[Answer] = ()) -> Iterator[Agent]:
    """Serve an agent on loopback."""
    agent = Agent(credentials, list(late))

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, text = agent.answer(self.command, self.path)
            if status == 0:
                self.close_connection = True
                return
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = _answer  # noqa: N815 - http.server's names
        do_PUT = _answer  # noqa: N815
        do_POST = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        agent.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield agent
        finally:
            server.shutdown()
            thread.join()
