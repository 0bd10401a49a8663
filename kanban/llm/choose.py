"""From a profile to its model."""

from collections.abc import Callable, Mapping

from kanban.domain.profile import Profile
from kanban.llm.base import Model
from kanban.llm.litellm_model import LiteLLMModel
from kanban.llm.scripted import Script, ScriptedModel

SCRIPTED = "scripted/"


def open_model(profile: Profile, keys: Mapping[str, str], load_script: Callable[[str], Script]) -> Model:
    """The model of `profile`: `scripted/NAME` plays the script that `load_script` gives for NAME."""
    if profile.model.startswith(SCRIPTED):
        return ScriptedModel(load_script(profile.model.removeprefix(SCRIPTED)), profile.model)
    return LiteLLMModel(profile, keys)
