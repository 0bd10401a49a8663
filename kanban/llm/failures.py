"""What a failed call means, read off its HTTP status and error codes."""

import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from kanban.errors import FailureClass, ModelError
from kanban.llm.base import ReplyFailed
from kanban.llm.exchange import Exchange, read_event
from kanban.llm.library import load_litellm
from kanban.llm.target import Target

LONGEST_WAIT = 20.0
LONGEST_QUOTE = 500

OVERFLOW_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error", "1261"})
# Moonshot, Z.AI and DeepSeek refuse a conversation that is too long with an ordinary 400 and no code of its own.
OVERFLOW_WORDS = re.compile(
    r"exceeded model token limit|tokens in request more than max tokens allowed|maximum context length is \d+"
)
_WINDOW = re.compile(
    r"maximum context length is (\d[\d,]*)|model token limit: (\d[\d,]*)"
    r"|> (\d[\d,]*) maximum|context size \(?(\d[\d,]*)"
)
LEAST_WINDOW = 1_024  # tokens; a smaller number is not what a model reads
EMPTY_ACCOUNT_CODES = frozenset({"insufficient_quota", "exceeded_current_quota_error", "1113"})
# Anthropic says that an account is empty by an ordinary 400 without a code of its own.
EMPTY_ACCOUNT_WORDS = re.compile(r"credit balance is too low", re.IGNORECASE)
MISSING_MODEL_CODES = frozenset({"model_not_found", "1211"})
TURNED_AWAY = frozenset({401, 402, 403, 404, 405})
UNANSWERED = frozenset({408, 425})


class CallFailed(ModelError):
    """One try that failed; `transient` when the same call may succeed within seconds."""

    transient: bool = False


@dataclass(frozen=True)
class _Facts:
    """What the provider said. `status` is what it sent; litellm's own classes are partly guessed from words."""

    status: int
    codes: frozenset[str]
    words: str
    retry_after: float | None
    overflow: bool = False
    window: int | None = None

    @property
    def is_empty_account(self) -> bool:
        """Whether only the person can help, by paying."""
        said = self.status == 400 and EMPTY_ACCOUNT_WORDS.search(self.words)
        return self.status == 402 or bool(self.codes & EMPTY_ACCOUNT_CODES or said)


def classify(error: Exception, target: Target, exchange: Exchange) -> CallFailed:
    """The failure that `error`, raised by litellm or while its reply was read, stands for."""
    embedded = _find_embedded_error(exchange.body)
    unusable = _find_unusable_reply(error, exchange, embedded)
    if unusable is not None:
        return _blame_reply(unusable, target, exchange)
    facts = _read_facts(error, exchange, embedded, target)
    failure_class = _class_of(facts)
    failed = CallFailed(
        failure_class,
        _describe(facts.words, target),
        _hint(failure_class, facts, target),
        facts.retry_after,
        window=facts.window,
    )
    failed.transient = _is_transient(facts, failure_class)
    return failed


def _find_unusable_reply(error: Exception, exchange: Exchange, embedded: Mapping[str, Any]) -> str | None:
    """What is wrong with a reply that came and cannot be used; None when no reply came, or the provider's error."""
    if isinstance(error, ReplyFailed) and (error.rambled or not embedded):
        return f"the reply cannot be used: {error}"
    if exchange.status is None or exchange.status >= 400 or embedded:
        return None
    if exchange.is_overdue:
        return f"the reply had no end after {exchange.received} bytes" if _says_something(exchange.body) else None
    return None if _is_broken_off(error) else f"the reply cannot be read: {_tell_unreadable(error, exchange.body)}"


def _blame_reply(problem: str, target: Target, exchange: Exchange) -> CallFailed:
    hint = "What came is kept with the run."
    if exchange.body.lstrip().startswith("<"):
        hint += f" It is a web page: check `api_base` in profiles/{target.profile.name}.yaml."
    return CallFailed(FailureClass.BAD_REPLY, _describe(problem, target), hint, body=exchange.body)


def _says_something(body: str) -> bool:
    """Whether a body holds more than the blanks and comments that keep a connection open."""
    return any(line.strip() and not line.startswith(":") for line in body.splitlines())


def _is_broken_off(error: Exception) -> bool:
    """Whether the connection is what failed, and not what came over it."""
    return any(
        isinstance(one, OSError) or type(one).__module__.partition(".")[0] in ("httpx", "httpcore", "ssl", "h11")
        for one in _chain_of(error)
    )


def _tell_unreadable(error: Exception, body: str) -> str:
    """What is wrong with a body that could not be read, told of the body and not of the library's troubles with it."""
    cause = _chain_of(error)[-1]
    if not body.strip():
        return "its body is empty"
    if body.lstrip().startswith("<"):
        return "it is a web page"
    if isinstance(cause, RecursionError):
        return "it is nested too deeply"
    if isinstance(cause, json.JSONDecodeError):
        return f"it is not JSON: {cause.msg} at character {cause.pos}"
    return "it has not the shape of a reply"


def _find_embedded_error(body: str) -> dict[str, Any]:
    """The error that stands in a body although the status said that all is well, as OpenRouter sends it."""
    if '"error"' not in body:
        return {}
    for line in [body, *body.splitlines()]:
        error = read_event(line).get("error")
        if error:
            return error if isinstance(error, dict) else {"message": str(error)}
    return {}


def _class_of(facts: _Facts) -> FailureClass:
    if facts.overflow:
        return FailureClass.CONTEXT_OVERFLOW
    if facts.status == 429:
        return FailureClass.RATE_LIMITED
    if facts.is_empty_account or facts.status in TURNED_AWAY or _is_server_fault(facts):
        return FailureClass.MODEL_DOWN
    if facts.codes & MISSING_MODEL_CODES:
        return FailureClass.MODEL_DOWN
    return FailureClass.BAD_REQUEST


def _is_server_fault(facts: _Facts) -> bool:
    return facts.status >= 500 or facts.status in UNANSWERED


def _is_transient(facts: _Facts, failure_class: FailureClass) -> bool:
    if facts.is_empty_account or (facts.retry_after or 0.0) > LONGEST_WAIT:
        return False
    return failure_class is FailureClass.RATE_LIMITED or (
        failure_class is FailureClass.MODEL_DOWN and _is_server_fault(facts)
    )


def _read_facts(error: Exception, exchange: Exchange, embedded: Mapping[str, Any], target: Target) -> _Facts:
    chain = _chain_of(error)
    body = embedded or next((body for one in chain if isinstance(body := getattr(one, "body", None), dict)), {})
    status = _status_of(chain)
    if exchange.status is not None and exchange.status < 400 and embedded:
        code = embedded.get("code")
        status = code if isinstance(code, int) and 400 <= code < 600 else 500
    codes = frozenset(str(body[key]) for key in ("code", "type") if body.get(key))
    words = _words_of(chain, body)
    if exchange.is_overdue or (_timed_out(chain) and not _is_refused(exchange)):
        more = "more " if _says_something(exchange.body) else ""
        words = f"it said nothing {more}for {target.profile.timeout:g} s"
    overflow = _is_overflow(error, status, codes, words)
    window = _read_window(body, words) if overflow else None
    return _Facts(status, codes, words, _retry_after_of(error, exchange), overflow, window)


def _is_refused(exchange: Exchange) -> bool:
    return exchange.status is not None and exchange.status >= 400


def _timed_out(chain: list[BaseException]) -> bool:
    return any("Timeout" in type(one).__name__ for one in chain)


def _read_window(body: Mapping[str, Any], words: str) -> int | None:
    """How many tokens the model can read, as a refusal tells it."""
    found = _WINDOW.search(words)
    told = body.get("n_ctx") or (found and next(filter(None, found.groups())).replace(",", ""))
    window = int(told) if told and str(told).isdecimal() else 0
    return window if window >= LEAST_WINDOW else None


def _chain_of(error: BaseException) -> list[BaseException]:
    """`error` and what it was raised from, the first cause last."""
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    return chain


def _status_of(chain: list[BaseException]) -> int:
    """The status that came over HTTP, else the one litellm puts on failures without an answer."""
    foreign = [one for one in chain if not type(one).__module__.startswith("litellm")]
    for one in [*reversed(foreign), *chain]:
        status = getattr(one, "status_code", None) or getattr(getattr(one, "response", None), "status_code", None)
        if isinstance(status, int) and 400 <= status < 600:
            return status
    return 500


def _is_overflow(error: Exception, status: int, codes: frozenset[str], words: str) -> bool:
    if codes & OVERFLOW_CODES:
        return True
    if status not in (400, 413, 422):
        return False
    return isinstance(error, load_litellm().ContextWindowExceededError) or bool(OVERFLOW_WORDS.search(words))


def _words_of(chain: list[BaseException], body: Mapping[str, Any]) -> str:
    """The provider's own words, else the operating system's, else litellm's."""
    if isinstance(body.get("message"), str):
        metadata = body.get("metadata")
        upstream = metadata.get("raw") if isinstance(metadata, Mapping) else None
        return f"{body['message']}: {upstream}" if isinstance(upstream, str) else str(body["message"])
    for one in chain:
        if isinstance(one, OSError):
            return str(one)
    return re.sub(r"^(litellm\.)?(\w+(Error|Exception)( - |: ))+", "", str(chain[0]))


def _retry_after_of(error: Exception, exchange: Exchange) -> float | None:
    """Seconds to wait, from a Retry-After header in seconds or as a date."""
    headers = getattr(error, "litellm_response_headers", None) or {}
    value = headers.get("retry-after") or exchange.headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value)) if math.isfinite(float(value)) else None
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _describe(words: str, target: Target) -> str:
    words = words.replace(target.key, "[key]") if target.key else words
    if len(words) > LONGEST_QUOTE:
        words = f"{words[:LONGEST_QUOTE]}…"
    return f"{target}: {words}"


def _hint(failure_class: FailureClass, facts: _Facts, target: Target) -> str:
    profile = f"profiles/{target.profile.name}.yaml"
    if failure_class is FailureClass.RATE_LIMITED:
        return f"Wait, check the account's quota, or name `fallback_models` in {profile}."
    if failure_class is FailureClass.CONTEXT_OVERFLOW:
        return f"Split the work, or name a model with a longer context in {profile}."
    if failure_class is FailureClass.BAD_REQUEST:
        return f"The provider says what it refuses; `kanban model test {target.profile.name}` tries a small exchange."
    if facts.is_empty_account:
        return "The account has no credit left."
    if facts.status in (401, 403):
        return target.key_hint
    if facts.status in (404, 405) or facts.codes & MISSING_MODEL_CODES:
        return f"Check `model` and `api_base` in {profile}."
    return "Check that the server runs and can be reached from here, then try again."
