"""Looks at the web: search through ddgs, pages through httpx, both within limits of size and time."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kanban.domain.addresses import find_objection, is_address, is_disguised
from kanban.errors import ExecutionError

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from httpx import AsyncBaseTransport, Request, Response

MAX_REDIRECTS = 5
CONNECT_TIMEOUT = 5.0  # seconds for each address of a host
SEARCH_TIMEOUT = 10  # seconds for each search engine
READABLE = ("json", "xml", "javascript", "yaml", "toml")
USER_AGENT = "Mozilla/5.0 (compatible; kanban)"

Searcher = Callable[[str, int], Iterable[Mapping[str, str]]]
Resolver = Callable[[str, int], Iterable[str]]


@dataclass(frozen=True)
class SearchResult:
    title: str
    url: str
    snippet: str


@dataclass(frozen=True)
class Page:
    """A page as text; `url` is where it was found in the end. `truncated`: only its first bytes were read."""

    url: str
    title: str
    text: str
    truncated: bool = False


@dataclass(frozen=True)
class _Download:
    url: str
    content_type: str
    charset: str | None
    size: str
    data: bytes
    truncated: bool


def search(query: str, limit: int = 8, searcher: Searcher | None = None) -> list[SearchResult]:
    """Ask the web. `searcher(query, limit)` gives mappings with `title`, `href` and `body`.

    Raises ExecutionError when no search engine gave an answer.
    """
    if not query.strip():
        raise ExecutionError("the search has no words", "say what to look for")
    found = (searcher or _search_with_ddgs)(query, limit)
    results = [SearchResult(row.get("title", ""), row.get("href", ""), row.get("body", "")) for row in found]
    return results[:limit]


def _search_with_ddgs(query: str, limit: int) -> list[dict[str, str]]:
    from ddgs import DDGS
    from ddgs.exceptions import DDGSException

    try:
        return list(DDGS(timeout=SEARCH_TIMEOUT).text(query, max_results=limit))
    except DDGSException as error:
        raise ExecutionError(
            f"the search for {query!r} gave nothing: {error}",
            "use other words, or fetch a page whose address you know; if it stays so, the machine may be offline",
        ) from error


def resolve_host(host: str, port: int) -> list[str]:
    """The addresses of a host as the system knows them, the best one first. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def fetch(
    url: str,
    *,
    allow: Collection[str] = (),
    max_bytes: int = 2_000_000,
    timeout: float = 20.0,
    resolve: Resolver = resolve_host,
) -> Page:
    """Get a page: HTML as Markdown, other text as it is, anything else described in one line.

    Connects to public addresses and to the hosts and networks in `allow`, on every redirect too; the address that
    was checked is the one that is connected to. Reads `max_bytes` at most and takes `timeout` seconds at most,
    redirects included. Raises ExecutionError if the page is refused, missing or late.
    """
    import asyncio

    _check_url(url)
    transport = _make_transport(url, allow, resolve)
    download = asyncio.run(_download_in_time(url, transport, max_bytes, timeout))
    if not _is_text(download):
        kind = download.content_type or "data of an unknown type"
        return Page(download.url, "", f"[{kind}, {download.size}: not text, so it is not shown]")
    if "html" in download.content_type:
        return _page_from_html(download)
    text = download.data.decode(download.charset or "utf-8", errors="replace")
    return Page(download.url, "", text, download.truncated)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ExecutionError(
            f"{url!r} is not a web address", "give a full address that begins with https:// or http://"
        )
    if is_disguised(parts.hostname or ""):
        raise ExecutionError(f"{url!r} hides its address", "write the address as four decimal numbers")


async def _download_in_time(url: str, transport: AsyncBaseTransport, max_bytes: int, timeout: float) -> _Download:
    import asyncio

    import httpx

    hint = "check the address; if it is right, the site may be down or out of reach from this machine"
    try:
        async with asyncio.timeout(timeout):
            return await _download(url, transport, max_bytes)
    except TimeoutError:
        raise ExecutionError(
            f"{url} was not complete after {timeout:g} s", "try again later, or fetch a smaller page"
        ) from None
    except httpx.TooManyRedirects:
        raise ExecutionError(
            f"{url} redirects more than {MAX_REDIRECTS} times", "fetch the address where it should lead"
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise ExecutionError(f"{url} could not be fetched: {error or type(error).__name__}", hint) from error


async def _download(url: str, transport: AsyncBaseTransport, max_bytes: int) -> _Download:
    import httpx

    client = httpx.AsyncClient(
        transport=transport,
        follow_redirects=True,
        max_redirects=MAX_REDIRECTS,
        timeout=None,  # the caller keeps the time
        headers={"User-Agent": USER_AGENT},
    )
    async with client, client.stream("GET", url) as response:
        if response.is_error:
            raise ExecutionError(
                f"{response.url} answered {response.status_code} {response.reason_phrase}",
                "check the address, or search for where the page is now",
            )
        return await _read(response, max_bytes)


def _make_transport(first_url: str, allow: Collection[str], resolve: Resolver) -> AsyncBaseTransport:
    """What carries every request of a fetch, redirects included, to an address that was checked."""
    import httpx

    class CheckedTransport(httpx.AsyncBaseTransport):
        def __init__(self) -> None:
            # a connection that is kept would be taken for any host that has the same address
            self._inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            _check_url(str(request.url))
            addresses = await _find_addresses(request, resolve)
            objection = find_objection(_host_of(request), addresses, allow)
            if objection:
                raise _refuse(objection, first_url, str(request.url))
            for address in addresses[:-1]:
                try:
                    return await self._inner.handle_async_request(_address_request(request, address, CONNECT_TIMEOUT))
                except (httpx.ConnectError, httpx.ConnectTimeout):
                    continue
            return await self._inner.handle_async_request(_address_request(request, addresses[-1], None))

        async def aclose(self) -> None:
            await self._inner.aclose()

    return CheckedTransport()


def _refuse(objection: str, first_url: str, url: str) -> ExecutionError:
    way = "" if url == first_url else f", and {first_url} redirects there"
    hint = "only public addresses are fetched; the person can name others under `web_allow` in kanban.yaml"
    return ExecutionError(f"{objection}{way}", hint)


def _host_of(request: Request) -> str:
    return request.url.raw_host.decode("ascii")


async def _find_addresses(request: Request, resolve: Resolver) -> list[str]:
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    import httpx

    host = _host_of(request)
    port = request.url.port or (443 if request.url.scheme == "https" else 80)
    if is_address(host):
        return [host]
    thread = ThreadPoolExecutor(1)  # one of its own: the loop would wait at its end for one of its pool
    try:
        addresses = list(await asyncio.get_running_loop().run_in_executor(thread, resolve, host, port))
    except OSError as error:
        raise httpx.ConnectError(f"{host}: {error.strerror or error}") from error
    finally:
        thread.shutdown(wait=False)
    if not addresses:
        raise httpx.ConnectError(f"{host} has no address")
    return addresses


def _address_request(request: Request, address: str, connect_timeout: float | None) -> Request:
    """The same request, sent to one address of its host; certificates are still checked against the host's name."""
    import httpx

    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,  # the Host among them
        stream=request.stream,
        extensions={
            **request.extensions,
            "sni_hostname": _host_of(request),
            "timeout": {**request.extensions.get("timeout", {}), "connect": connect_timeout},
        },
    )


async def _read(response: Response, max_bytes: int) -> _Download:
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    size = response.headers.get("content-length")
    data = bytearray()
    if _may_be_text(content_type):
        async for chunk in response.aiter_bytes():
            data += chunk
            if len(data) > max_bytes:
                break
    return _Download(
        str(response.url),
        content_type,
        response.charset_encoding if _is_codec(response.charset_encoding) else None,
        f"{size} bytes" if size else "size unknown",
        bytes(data[:max_bytes]),
        len(data) > max_bytes,
    )


def _is_codec(charset: str | None) -> bool:
    try:
        "".encode(charset or "")
    except (LookupError, ValueError):
        return False
    return True


def _may_be_text(content_type: str) -> bool:
    return not content_type or content_type.startswith("text/") or content_type.endswith(READABLE)


def _is_text(download: _Download) -> bool:
    wide = (download.charset or "").lower().startswith(("utf-16", "utf-32"))
    return _may_be_text(download.content_type) and (wide or b"\0" not in download.data)


def _page_from_html(download: _Download) -> Page:
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(download.data, "html.parser", from_encoding=download.charset)
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    for element in soup(["script", "style", "noscript", "template", "head"]):
        element.decompose()
    return Page(download.url, title, _markdown(soup), download.truncated)


def _markdown(soup: BeautifulSoup) -> str:
    from markdownify import MarkdownConverter

    try:
        text = MarkdownConverter(heading_style="ATX").convert_soup(soup)
    except RecursionError:  # nested deeper than any page that people wrote
        text = soup.get_text("\n", strip=True)
    lines = (line.rstrip() for line in text.splitlines())
    return "\n".join(_without_repeated_blanks(lines)).strip()


def _without_repeated_blanks(lines: Iterable[str]) -> Iterable[str]:
    blank = False
    for line in lines:
        if line or not blank:
            yield line
        blank = not line
