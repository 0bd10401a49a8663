"""Models behind one small protocol: whatever LiteLLM reaches, and one that plays a script."""

from kanban.llm.base import Model, OnText
from kanban.llm.choose import open_model
from kanban.llm.library import preload
from kanban.llm.litellm_model import LiteLLMModel
from kanban.llm.scripted import Script, ScriptedModel, load_script

__all__ = ["LiteLLMModel", "Model", "OnText", "Script", "ScriptedModel", "load_script", "open_model", "preload"]
