"""The web: search and fetch. What comes back is data from outside and is marked as such."""

from urllib.parse import urlsplit

from pydantic import Field

from kanban.connectors import web
from kanban.domain.tool import Effect, Place, Section, Tier
from kanban.tools.base import AnyTool, Arguments, Signature, ToolResult
from kanban.tools.paging import FROM_LINE, show
from kanban.tools.toolset import Scope, Toolset

WEB = Place("web")


class WebSearch(Arguments):
    query: str = Field(min_length=1, description="What to search for.")
    limit: int = Field(default=8, ge=1, le=20, description="How many results.")


class WebFetch(Arguments):
    url: str = Field(min_length=1, description="Address of the page, http or https.")
    from_line: int = FROM_LINE


WEB_SEARCH = Signature(
    "web_search",
    "Search the web.",
    WebSearch,
    Effect.LOOK,
    Tier.READ,
    lambda asked: WEB,
    lambda asked: asked.query,
    repeatable=True,
)
WEB_FETCH = Signature(
    "web_fetch",
    "Fetch one page as text.",
    WebFetch,
    Effect.LOOK,
    Tier.READ,
    lambda asked: Place(WEB.kind, urlsplit(asked.url).hostname or "unknown"),
    lambda asked: asked.url,
    repeatable=True,
)


def make_web_tools(scope: Scope) -> list[AnyTool]:
    """Search and fetch, within the settings' limits of time and size."""
    settings = scope.settings

    def web_search(asked: WebSearch) -> ToolResult:
        found = web.search(asked.query, asked.limit)
        shown = "\n\n".join(f"{result.title}\n{result.url}\n{result.snippet}" for result in found)
        results = Section(shown or "(nothing found)", f"web search for {asked.query}")
        return ToolResult(show([results], settings.output_limit_chars, instead="ask for fewer with `limit`"))

    def web_fetch(asked: WebFetch) -> ToolResult:
        page = web.fetch(
            asked.url,
            allow=settings.web_allow,
            max_bytes=settings.web_max_bytes,
            timeout=settings.web_timeout_seconds,
        )
        rest = (
            f"\n[the page goes on after {settings.web_max_bytes} bytes, which are not read]" if page.truncated else ""
        )
        text = Section(f"{page.title}\n\n{page.text}{rest}", page.url)
        return ToolResult(show([text], settings.output_limit_chars, asked.from_line))

    return [WEB_SEARCH.bind(web_search), WEB_FETCH.bind(web_fetch)]


WEB_TOOLS: Toolset[Scope] = Toolset("web", [WEB_SEARCH, WEB_FETCH], make_web_tools)
