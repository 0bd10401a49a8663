"""Gemini's own wire: thought signatures on function calls, wanted back in the current turn.

Sources: ai.google.dev/gemini-api/docs/thought-signatures (Gemini 3: the first function call of each step of the
current turn carries a signature, which comes back exactly as received, else 400; a turn begins with a user message
that is no function response; `skip_thought_signature_validator` stands for a signature that was never there),
/docs/function-calling (as many responses as calls), /docs/thinking (summaries only with includeThoughts),
/api/generate-content (usageMetadata), docs.apiyi.com/en/faq/gemini-thought-signature-missing (the words of refusals).
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from tests.support.providers.chat import Wire, pieces_of
from tests.support.providers.script import (
    CONVERSATION,
    Request,
    Script,
    Turn,
    cut_turn,
    pick_turn,
    tokens_of,
    whole_calls,
)
from tests.support.providers.server import WINDOW, Answer, ProviderServer, Refused, Streamed, Whole, event
from tests.support.providers.signing import is_ours, sign
from tests.support.providers.tokens import PrefixStore, count, encode_parts

STANDS_FOR_NONE = "skip_thought_signature_validator"
NONES = (STANDS_FOR_NONE, b64encode(STANDS_FOR_NONE.encode()).decode())
STOPS = {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS"}
DOCS = "Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details."


class Gemini(ProviderServer):
    """`gemini/…`, over generateContent and streamGenerateContent."""

    base_path = ""

    def __init__(self, script: Script = CONVERSATION, window: int = WINDOW) -> None:
        super().__init__(script, window)
        self.cache = PrefixStore(minimum=1024)
        self.signatures: dict[str, str] = {}

    def play(self, path: str, request: Request) -> Answer:
        if ":generateContent" not in path and ":streamGenerateContent" not in path:
            raise Refused(f"Requested entity was not found: {path}", 404)
        contents = [_in_camel_case(content) for content in request["contents"]]
        _check_order(contents)
        _check_signatures(contents)
        self._note_alterations(contents)
        tokens = encode_parts([request.get("tools") or [], _system(request), *contents])
        if len(tokens) > self.window:
            raise Refused(
                f"The input token count ({len(tokens)}) exceeds the maximum number of tokens allowed ({self.window})."
            )
        config = request.get("generationConfig") or {}
        answered = sum(content.get("role") == "model" for content in contents)
        turn = cut_turn(pick_turn(self.script, request, answered), config.get("maxOutputTokens"))
        parts = self._make_parts(turn, bool((config.get("thinkingConfig") or {}).get("includeThoughts")))
        usage = _make_usage(len(tokens), self.cache.look_up(tokens), turn)
        if "streamGenerateContent" in path:
            return Streamed(_make_events(parts, STOPS[turn.finish], usage))
        return Whole.of(_response(parts, STOPS[turn.finish], usage))

    def refuse(self, refused: Refused) -> Whole:
        kind = "NOT_FOUND" if refused.status == 404 else "INVALID_ARGUMENT"
        return Whole.of(_error(refused.status, refused.reason, kind), refused.status)

    def _make_parts(self, turn: Turn, summaries: bool) -> list[Wire]:
        """The parts; only the first of several calls is signed, or the words where there is no call."""
        parts: list[Wire] = []
        if summaries and turn.thoughts:
            parts.append({"text": turn.thoughts, "thought": True})
        if turn.words:
            parts.append({"text": turn.words})
        for number, one in enumerate(whole_calls(turn)):
            call = {"name": one.tool, "args": json.loads(one.arguments)}
            part: Wire = {"functionCall": call}
            if number == 0:
                part["thoughtSignature"] = sign(turn.thoughts, _digest(call))
                self.signatures[_digest(call)] = part["thoughtSignature"]
            parts.append(part)
        if turn.words and not turn.calls:
            parts[-1]["thoughtSignature"] = sign(turn.thoughts, turn.words)
        return parts

    def _note_alterations(self, contents: list[Wire]) -> None:
        for number, content in enumerate(contents):
            for part in content["parts"]:
                sent = self.signatures.get(_digest(part["functionCall"])) if "functionCall" in part else None
                if sent and part.get("thoughtSignature") != sent:
                    self.alterations.append(f"content {number}: thoughtSignature is not the one that was sent")


def resource_exhausted(retry_after: str = "2") -> Whole:
    """429: too many requests, or the free quota is used up."""
    words = "You exceeded your current quota, please check your plan and billing details."
    return Whole.of(_error(429, words, "RESOURCE_EXHAUSTED"), 429, retry_after=retry_after)


def overloaded() -> Whole:
    """503: the model is overloaded."""
    return Whole.of(_error(503, "The model is overloaded. Please try again later.", "UNAVAILABLE"), 503)


def missing_signature(name: str, place: int) -> Refused:
    """The refusal of a call that came back without its signature."""
    return Refused(
        "Function call is missing a thought_signature in functionCall parts. This is required for tools to work "
        "correctly, and missing thought_signature may lead to degraded model performance. Additional data, function "
        f"call `default_api:{name}` , position {place}. {DOCS}"
    )


def _check_order(contents: list[Wire]) -> None:
    for number, content in enumerate(contents):
        before = contents[number - 1]["parts"] if number else []
        calls = sum("functionCall" in part for part in before)
        responses = sum("functionResponse" in part for part in content["parts"])
        if calls != responses:
            raise Refused(
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
    if any("functionCall" in part for part in contents[-1]["parts"]):
        raise Refused("Please ensure that function call turn is followed by a function response turn.")


def _check_signatures(contents: list[Wire]) -> None:
    """Refuse a missing signature in the current turn, and a wrong one anywhere."""
    begins = max((n for n, one in enumerate(contents) if _is_asked(one)), default=0)
    for number, content in enumerate(contents):
        calls = [part for part in content["parts"] if "functionCall" in part]
        if number > begins and calls and not calls[0].get("thoughtSignature"):
            raise missing_signature(calls[0]["functionCall"]["name"], number)
        for part in content["parts"]:
            signature = part.get("thoughtSignature")
            if signature and signature not in NONES and not is_ours(signature):
                raise Refused("Corrupted thought signature.")


def _in_camel_case(content: Wire) -> Wire:
    """`content` with the names of parts as the provider writes them; it reads `function_call` as well."""
    names = {
        "function_call": "functionCall",
        "function_response": "functionResponse",
        "thought_signature": "thoughtSignature",
    }
    return content | {"parts": [{names.get(k, k): v for k, v in part.items()} for part in content["parts"]]}


def _is_asked(content: Wire) -> bool:
    return content.get("role") != "model" and not any("functionResponse" in part for part in content["parts"])


def _digest(call: Wire) -> str:
    return json.dumps([call["name"], call["args"]], sort_keys=True)


def _system(request: Request) -> Any:
    return request.get("systemInstruction") or request.get("system_instruction") or {}


def _make_usage(prompt: int, cached: int, turn: Turn) -> Wire:
    thoughts = count(turn.thoughts)
    words = tokens_of(turn) - thoughts
    return {
        "promptTokenCount": prompt,
        "cachedContentTokenCount": cached,
        "candidatesTokenCount": words,
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": prompt + words + thoughts,
    }


def _response(parts: list[Wire], stop: str | None, usage: Wire) -> Wire:
    candidate: Wire = {"content": {"role": "model", "parts": parts}, "index": 0}
    if stop:
        candidate["finishReason"] = stop
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-3", "responseId": "1"}


def _make_events(parts: list[Wire], stop: str, usage: Wire) -> Iterator[bytes]:
    """Text in pieces, each call in one; a signature of words comes last, with an empty text."""
    for part in parts:
        if "functionCall" in part:
            yield event(_response([part], None, usage))
            continue
        kind = {"thought": True} if part.get("thought") else {}
        for piece in pieces_of(part["text"]):
            yield event(_response([{"text": piece, **kind}], None, usage))
        if "thoughtSignature" in part:
            yield event(_response([{"text": "", "thoughtSignature": part["thoughtSignature"]}], None, usage))
    yield event(_response([{"text": ""}], stop, usage))


def _error(code: int, message: str, status: str) -> Wire:
    return {"error": {"code": code, "message": message, "status": status}}
