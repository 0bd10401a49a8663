"""The web in an agent's hands: what the settings name is fetched, and nothing else that is not public."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kanban.agents.tools.web import make_web_tools
from kanban.config import Settings
from kanban.errors import ExecutionError


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"the page")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def fetch(url: str, **settings: object) -> str:
    tools = {tool.name: tool for tool in make_web_tools(Settings.model_validate(settings))}
    tool = tools["web_fetch"]
    return tool.act(tool.arguments(url=url)).text


def test_an_agent_fetches_what_is_named_beside_the_public_web(url: str) -> None:
    assert "the page" in fetch(url, web_allow=["127.0.0.1"])
    with pytest.raises(ExecutionError, match=r"127\.0\.0\.1 is a loopback address"):
        fetch(url)
