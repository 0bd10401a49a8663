"""The only place that imports litellm."""

import logging
import os
import socket
import sys
import warnings
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Any

BEFORE_IMPORT = {
    # Else the import, and the first call of an Anthropic model, reach for the network.
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    # Else the `.env` of the current folder, which may be a stranger's workspace, becomes part of the environment.
    "LITELLM_MODE": "PRODUCTION",
    # Else every call is logged from a thread, and a process with threads cannot fork safely.
    "LOGGING_EXECUTOR_MAX_PENDING_TASKS": "0",
    "LITELLM_RUST": "false",
}

SOME_TOOL = {"type": "function", "function": {"name": "none", "parameters": {"type": "object"}}}
WARM_REQUEST: dict[str, Any] = {
    "messages": [{"role": "user", "content": "warm up"}],
    "tools": [SOME_TOOL],
    "api_key": "none",
    "max_retries": 0,
    "timeout": 5.0,
}


@cache
def load_litellm() -> Any:
    """The module litellm, silent, without telemetry and callbacks; takes seconds the first time."""
    os.environ.update(BEFORE_IMPORT)
    import litellm

    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.disable_hf_tokenizer_download = True
    litellm.disable_streaming_logging = True
    # a model that rambles is ended by the caps of this program, which know what else a reply may rightly repeat
    litellm.__dict__["REPEATED_STREAMING_CHUNK_LIMIT"] = sys.maxsize
    logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)
    # an odd reply is told by what is wrong with it, not on the screen of whoever waits for it
    warnings.filterwarnings("ignore", "Pydantic serializer warnings", UserWarning)
    _watch_calls(litellm)
    return litellm


def _watch_calls(litellm: Any) -> None:
    """Have every call go through one transport, which can be watched: OpenAI's client takes a session, others it."""
    from litellm.llms.custom_httpx.http_handler import get_ssl_configuration

    from kanban.llm.transport import open_way

    litellm.sync_transport, litellm.client_session = open_way(get_ssl_configuration())


def speaks_openai(provider: str) -> bool:
    """Whether litellm reaches `provider` through OpenAI's own client."""
    litellm = load_litellm()
    return provider == "openai" or provider in litellm.openai_compatible_providers


def preload(models: Iterable[str] = ()) -> None:
    """Do now what the first call would do: import the library and all that it imports late, for these `models`.

    Leaves no thread behind and talks to nobody, so a process that forks afterwards shares all of it.
    """
    import tenacity  # noqa: F401

    litellm = load_litellm()
    _warm_transport(litellm)
    for model in ["openai/none", *models]:
        with suppress(*litellm.exceptions.LITELLM_EXCEPTION_TYPES):
            _warm_answers(litellm, model)


def _warm_transport(litellm: Any) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        with suppress(litellm.exceptions.InternalServerError):
            litellm.completion(model="openai/none", api_base=nowhere, **WARM_REQUEST)


def _warm_answers(litellm: Any, model: str) -> None:
    reply = litellm.completion(model=model, mock_response="warm", **WARM_REQUEST)
    with suppress(Exception):
        litellm.completion_cost(reply, model=model)
    chunks = litellm.completion(model=model, mock_response="warm", stream=True, **WARM_REQUEST)
    litellm.stream_chunk_builder(list(chunks))
