"""What a profile asks of its models that cannot work or has no effect, found without asking a provider."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kanban.domain.profile import Profile, Reasoning
from kanban.errors import ModelError
from kanban.llm.choose import SCRIPTED
from kanban.llm.dialect import Dialect, find_dialect
from kanban.llm.library import SOME_TOOL, load_litellm
from kanban.llm.request import EFFORT_IN_BODY
from kanban.llm.target import find_provider, find_target

CHAT_MODES = frozenset({"chat", "responses"})
OWN_WORDS = frozenset({"model", "messages", "tools", "stream"})  # of a request, which no profile may set


@dataclass(frozen=True)
class Finding:
    """Something about one model of a profile; `key` is the line of the profile to look at.

    `stops`: no run can use the model as it is written.
    """

    model: str
    key: str
    problem: str
    stops: bool = False


def check_models(profile: Profile, keys: Mapping[str, str]) -> list[Finding]:
    """What is wrong with the model of a profile and with its fallbacks; `keys` maps variable names to secrets."""
    played = [profile.running(model) for model in profile.models if not model.startswith(SCRIPTED)]
    return [finding for one in played for finding in _check_model(one, profile, keys)]


def _check_model(played: Profile, profile: Profile, keys: Mapping[str, str]) -> Iterator[Finding]:
    try:
        model_id, provider = find_provider(played)
    except ModelError as error:
        yield Finding(played.model, "model", error.tell(), stops=True)
        return
    try:
        find_target(played, keys)
    except ModelError as error:
        yield Finding(played.model, "api_key_env", error.tell(), stops=True)
    yield from _check_what_is_shared(played, profile, provider)
    yield from _ModelCheck(played, model_id, provider).find()


def _check_what_is_shared(played: Profile, profile: Profile, provider: str) -> Iterator[Finding]:
    """A fallback that is only named goes to the server of the profile, with the key of the profile."""
    if played.model == profile.model or played.model not in profile.fallback_models:
        return
    with suppress(ModelError):  # told of the profile's own model
        if find_provider(profile)[1] == provider:
            return
    remedy = "write it as `model:` with an `api_key_env:` (and `api_base:`) of its own"
    if profile.api_base:
        problem = (
            f"it is asked for at {profile.api_base}, as the profile's own model is; where it is elsewhere, {remedy}"
        )
        yield Finding(played.model, "fallback_models", problem)
    elif profile.api_key_env:
        problem = f"it would be sent {profile.api_key_env}, the key of another provider; {remedy}"
        yield Finding(played.model, "fallback_models", problem, stops=True)


@dataclass(frozen=True)
class _ModelCheck:
    """Holds what a profile asks of one model against what litellm knows of it."""

    profile: Profile
    model_id: str
    provider: str

    def find(self) -> Iterator[Finding]:
        """All findings, those that stop a run first."""
        yield from self._check_tools()
        yield from self._check_extra()
        yield from self._check_reasoning()
        yield from self._check_limits()
        for key, name, value in (
            ("temperature", "temperature", self.profile.temperature),
            ("stop", "stop", self.profile.stop or None),
            ("max_output", "max_tokens", self.profile.max_output),
            ("tool_choice", "tool_choice", "required" if self.profile.tool_choice else None),
        ):
            if value is not None and not self._is_understood(name, value):
                yield self._note(key, f"has no effect on this model of {self.provider}, as far as litellm knows")
        yield from self._check_what_is_unknown()

    @cached_property
    def _known(self) -> Mapping[str, Any]:
        """What litellm's map says of the model; empty where it does not have it."""
        litellm = load_litellm()
        with suppress(Exception):  # litellm raises a bare Exception for a model that it does not know
            return litellm.model_cost.get(litellm.get_model_info(self.model_id)["key"]) or {}
        return {}

    @cached_property
    def _dialect(self) -> Dialect:
        return find_dialect(self.provider, self.model_id)

    def _check_tools(self) -> Iterator[Finding]:
        mode = self._known.get("mode", "chat")
        if mode not in CHAT_MODES:
            yield self._note("model", f"is no model to talk with: litellm knows it for {mode}", stops=True)
        elif not self._is_passed_on("tools", [SOME_TOOL]):
            yield self._note("model", "cannot be given tools, and every run needs some", stops=True)
        elif self._known and not self._known.get("supports_function_calling"):
            finds_out = f"`kanban model test {self.profile.name}` finds out"
            yield self._note("model", f"is not known to call tools; {finds_out}")

    def _check_extra(self) -> Iterator[Finding]:
        for name, value in self.profile.extra.items():
            if name in OWN_WORDS:
                yield self._note("extra", f"sets {name!r}, which the board itself writes; take it out", stops=True)
            elif not self._dialect.goes_as_it_stands and not self._is_passed_on(name, value):
                yield self._note(
                    "extra", f"{name!r} has no effect: litellm drops it; write it under `extra_body:` there"
                )

    def _check_reasoning(self) -> Iterator[Finding]:
        wanted = self.profile.reasoning
        if wanted is None or self._says_it_otherwise(wanted):
            return
        if self._known and not self._known.get("supports_reasoning"):
            if wanted is not Reasoning.NONE:
                yield self._note("reasoning", f"is {wanted.value}, and the model is not known to think")
        elif not self._is_passed_on("reasoning_effort", wanted.value):
            remedy = "say it in the provider's own words under `extra: {extra_body: …}`"
            yield self._note("reasoning", f"has no effect: litellm cannot say it to {self.provider}; {remedy}")

    def _says_it_otherwise(self, wanted: Reasoning) -> bool:
        """Whether the request says it in other words, or by saying nothing."""
        by_silence = wanted is Reasoning.NONE and self._dialect.wants_thinking_blocks
        return self.provider in EFFORT_IN_BODY or by_silence

    def _check_limits(self) -> Iterator[Finding]:
        for key, name in (("max_output", "max_output_tokens"), ("window", "max_input_tokens")):
            asked, known = getattr(self.profile, key), self._known.get(name)
            if asked and isinstance(known, int) and asked > known:
                yield self._note(key, f"is {asked:,} tokens, and the model is known for {known:,}")
        window = self.profile.window or self._known.get("max_input_tokens")
        if self.profile.max_output and isinstance(window, int) and self.profile.max_output * 2 > window:
            problem = f"leaves less than half of the window ({window:,} tokens) for what is asked"
            yield self._note("max_output", problem)

    def _check_what_is_unknown(self) -> Iterator[Finding]:
        if self.profile.window is None and not self._known.get("max_input_tokens"):
            yield self._note("window", "is not known; set it to the tokens that the server reads")
        if self.profile.price is None and self.provider != "openrouter" and "input_cost_per_token" not in self._known:
            problem = "is not known, so what it costs counts towards no budget; set it (dollars per million tokens)"
            yield self._note("price", problem)

    def _is_understood(self, name: str, value: object) -> bool:
        if name == "tool_choice" and self._known.get("supports_tool_choice") is False:
            return False
        return self._is_passed_on(name, value)

    def _is_passed_on(self, name: str, value: object) -> bool:
        """Whether a parameter changes what litellm sends; what a provider has no word for is dropped."""
        litellm = load_litellm()
        with suppress(Exception):  # what it cannot tell without the provider is no finding
            bare_name, provider, _, _ = litellm.get_llm_provider(self.model_id)
            tools = {"tools": [SOME_TOOL]} if name == "tool_choice" else {}
            sent = [
                litellm.utils.get_optional_params(
                    model=bare_name, custom_llm_provider=provider, drop_params=True, **tools, **asked
                )
                for asked in ({}, {name: value})
            ]
            return bool(sent[0] != sent[1])
        return True

    def _note(self, key: str, problem: str, stops: bool = False) -> Finding:
        return Finding(self.profile.model, key, problem, stops)
