"""Models behind one small protocol: whatever LiteLLM reaches, and one that plays a script."""

from kanban.llm.base import Calls, Model, OnPiece, Piece, PieceKind
from kanban.llm.choose import open_model
from kanban.llm.library import preload
from kanban.llm.litellm_model import LiteLLMModel
from kanban.llm.scripted import Script, ScriptedModel, load_script

__all__ = [
    "Calls",
    "LiteLLMModel",
    "Model",
    "OnPiece",
    "Piece",
    "PieceKind",
    "Script",
    "ScriptedModel",
    "load_script",
    "open_model",
    "preload",
]
