"""The web: search and fetch. What comes back is data from outside and is marked as such."""

from pydantic import Field

from kanban.connectors import web
from kanban.domain.tool import Tier
from kanban.files.settings import Settings
from kanban.tools.base import AnyTool, Arguments, Tool, ToolResult
from kanban.tools.paging import FROM_LINE, Section, show


class WebSearch(Arguments):
    query: str = Field(min_length=1, description="What to search for.")
    limit: int = Field(default=8, ge=1, le=20, description="How many results.")


class WebFetch(Arguments):
    url: str = Field(min_length=1, description="Address of the page, http or https.")
    from_line: int = FROM_LINE


def make_web_tools(settings: Settings) -> list[AnyTool]:
    """Search and fetch, within the settings' limits of time and size."""

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

    return [
        Tool("web_search", "Search the web.", WebSearch, Tier.READ, web_search, True),
        Tool("web_fetch", "Fetch one page as text.", WebFetch, Tier.READ, web_fetch, True),
    ]
