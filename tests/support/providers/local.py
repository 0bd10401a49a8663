"""Servers on one's own machine: llama.cpp, and one that only streams.

Sources: ggml-org/llama.cpp#15780 and #16486 (HTTP 400, `exceed_context_size_error` with n_prompt_tokens and n_ctx),
tools/server/README.md (`reasoning_content` with --reasoning-format deepseek; a prompt that is as large as the window
is refused).
"""

from tests.support.providers.chat import ChatServer, Wire
from tests.support.providers.script import Request
from tests.support.providers.server import Refused, Whole


class LlamaCpp(ChatServer):
    """llama.cpp's server, by `openai/…` and `api_base`."""

    def make_usage(self, prompt: int, cached: int, completion: int, thoughts: int) -> Wire:
        return super().make_usage(prompt, cached, completion, thoughts) | {
            "prompt_tokens_details": {"cached_tokens": cached}
        }

    def overflow(self, prompt: int, limit: int) -> Refused:
        return Refused(
            "the request exceeds the available context size, try increasing it",
            type="exceed_context_size_error",
            n_prompt_tokens=prompt,
            n_ctx=self.window,
        )

    def refuse(self, refused: Refused) -> Whole:
        error = {"code": refused.status, "message": refused.reason, "type": "invalid_request_error"}
        return Whole.of({"error": error | refused.details}, refused.status)


class OnlyStreams(LlamaCpp):
    """A server that refuses `stream: false`, as proxies of some providers do."""

    def check(self, request: Request) -> None:
        if not request.get("stream"):
            raise Refused("This model only supports streaming. Set stream to true.", param="stream")
