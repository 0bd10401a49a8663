"""Whom a profile's calls go to, and with which key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from kanban.domain.profile import Profile
from kanban.errors import FailureClass, ModelError
from kanban.llm.library import load_litellm

LOCAL_KEY = "none"


@dataclass(frozen=True)
class Target:
    """Where calls go. `key_name` is the variable that holds the secret `key`; both may be empty."""

    profile: Profile
    model_id: str
    provider: str
    key_name: str = ""
    key: str = ""

    def __str__(self) -> str:
        where = f" at {self.profile.api_base}" if self.profile.api_base else ""
        return f"{self.profile.model}{where} (profile {self.profile.name})"

    @property
    def origin(self) -> str:
        """The model and server that a reply came from: only they understand what it wants back."""
        return f"{self.model_id} at {self.profile.api_base or self.provider}"

    @property
    def key_hint(self) -> str:
        """What to do about a missing or refused key."""
        if self.key_name:
            return f"Set {self.key_name} in the environment or in the home's .env."
        return f"Name the variable that holds the key as `api_key_env` in profiles/{self.profile.name}.yaml."


def find_target(profile: Profile, keys: Mapping[str, str]) -> Target:
    """Where `profile` points; `keys` maps variable names to secrets.

    Raises ModelError (model_down) when the provider is unknown or its key is not set.
    """
    model_id, provider = find_provider(profile)
    if profile.api_key_env:
        return _pick_key(profile, model_id, provider, [profile.api_key_env], keys, required=True)
    if profile.api_base:
        # A provider's key is never sent to an `api_base` that does not ask for it by name.
        return Target(profile, model_id, provider, key=LOCAL_KEY)
    missing = load_litellm().validate_environment(model_id)["missing_keys"]
    needed = [name for name in missing if name.endswith("_API_KEY")]
    usual = needed or [f"{provider.upper()}_API_KEY"]
    return _pick_key(profile, model_id, provider, usual, keys, required=bool(needed))


def find_provider(profile: Profile) -> tuple[str, str]:
    """The model id with its provider; a bare name at an `api_base` is an OpenAI-compatible server's."""
    litellm = load_litellm()
    prefix, _, _ = profile.model.partition("/")
    if prefix in {one.value for one in litellm.LlmProviders}:
        return profile.model, prefix
    if profile.api_base:
        return f"openai/{profile.model}", "openai"
    try:
        _, provider, _, _ = litellm.get_llm_provider(profile.model)
    except litellm.exceptions.BadRequestError:
        _refuse_unknown(profile)
    return profile.model, provider


def _refuse_unknown(profile: Profile) -> NoReturn:
    raise ModelError(
        FailureClass.MODEL_DOWN,
        f"no provider is known for the model {profile.model} (profile {profile.name})",
        f"Write `model` as provider/name, or give an `api_base`, in profiles/{profile.name}.yaml.",
    )


def _pick_key(
    profile: Profile, model_id: str, provider: str, names: list[str], keys: Mapping[str, str], required: bool
) -> Target:
    name = next((name for name in names if keys.get(name)), " or ".join(names))
    target = Target(profile, model_id, provider, name, keys.get(name, ""))
    if required and not target.key:
        raise ModelError(FailureClass.MODEL_DOWN, f"{target}: {name} is not set", target.key_hint)
    return target
