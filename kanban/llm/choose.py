"""From a profile to its model."""

from collections.abc import Callable, Mapping

from kanban.domain.profile import Profile
from kanban.llm.base import Model
from kanban.llm.litellm_model import LiteLLMModel
from kanban.llm.scripted import Script, ScriptedModel

SCRIPTED = "scripted/"


def open_model(
    profile: Profile,
    keys: Mapping[str, str],
    load_script: Callable[[str], Script],
    learned_window: int | None = None,
) -> Model:
    """The model of `profile`: `scripted/NAME` plays the script that `load_script` gives for NAME.

    `learned_window` is how many tokens the model could read when it last refused more.
    """
    if profile.model.startswith(SCRIPTED):
        return ScriptedModel(load_script(profile.model.removeprefix(SCRIPTED)), profile.model)
    return LiteLLMModel(profile, keys, learned_window=learned_window)
