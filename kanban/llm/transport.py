"""The one way to the providers: through the proxies of the environment, and seen by whoever watches a call."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx

from kanban.llm.exchange import Exchange, current_exchange

_ESCAPES = {"\u0085".encode(): b"\\u0085", "\u2028".encode(): b"\\u2028", "\u2029".encode(): b"\\u2029"}
_LINE_ENDS = re.compile(b"|".join(_ESCAPES))


def _length_of_cut_mark(data: bytes) -> int:
    """How many bytes at the end may be the beginning of a line end of Unicode."""
    return next((length for length in (2, 1) if data[-length:] in (b"\xe2\x80", b"\xe2", b"\xc2")), 0)


def open_way(verify: Any) -> tuple["WatchedTransport", httpx.Client]:
    """The transport, and a client over it; `verify` is how certificates are checked, as httpx takes it."""
    transport = WatchedTransport(ProxyTransport(verify))
    return transport, httpx.Client(transport=transport, follow_redirects=True)


class ProxyTransport(httpx.BaseTransport):
    """Goes through the proxies that the environment names, as httpx does where it is given no transport."""

    def __init__(self, verify: Any) -> None:
        self._verify = verify
        self._routes: dict[str | None, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        proxies = getproxies()
        proxy = proxies.get(request.url.scheme) or proxies.get("all")
        if proxy and proxy_bypass(request.url.host):
            proxy = None
        if proxy not in self._routes:
            self._routes[proxy] = httpx.HTTPTransport(verify=self._verify, proxy=proxy)
        return self._routes[proxy].handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        for route in self._routes.values():
            route.close()


class WatchedTransport(httpx.BaseTransport):
    """Passes requests on and shows the watcher, if there is one, what comes back."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        exchange = current_exchange()
        if exchange is None:
            return self._inner.handle_request(request)
        request.headers["accept-encoding"] = "identity"  # what comes back is looked at
        response = self._inner.handle_request(request)
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _WatchedStream(response.stream, exchange)
        exchange.begin(response.status_code, response.headers, response.stream.close)
        return response

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


class _WatchedStream(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream, exchange: Exchange) -> None:
        self._inner = inner
        self._exchange = exchange

    def __iter__(self) -> Iterator[bytes]:
        pieces = self._escape_line_ends() if _has_events(self._exchange) else iter(self._inner)
        for piece in pieces:
            self._exchange.take(piece)
            yield piece
        self._exchange.ended = True

    def _escape_line_ends(self) -> Iterator[bytes]:
        """The pieces of a stream of events with the line ends of Unicode escaped, as JSON allows.

        JSON may hold them as they are; who splits events at every kind of line end then loses what stands round them.
        """
        held = b""
        for piece in self._inner:
            whole = held + piece
            held = whole[len(whole) - _length_of_cut_mark(whole) :]
            yield _LINE_ENDS.sub(lambda found: _ESCAPES[found[0]], whole[: len(whole) - len(held)])
        if held:
            yield held

    def close(self) -> None:
        self._inner.close()


def _has_events(exchange: Exchange) -> bool:
    """Whether the body is a stream of events, and as it stands."""
    return "event-stream" in exchange.headers.get("content-type", "") and "content-encoding" not in exchange.headers
