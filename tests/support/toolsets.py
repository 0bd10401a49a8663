"""Every tool that is shipped, by what it changes and who may hold it."""

from kanban.agents.toolbox import TOOLS, VERBS, list_tools
from kanban.domain.outcome import Purpose
from kanban.domain.profile import Profile
from kanban.domain.tool import AgentRole, Effect

SIGNATURES = [
    signature
    for purpose in Purpose
    for toolset in (*TOOLS[purpose], *VERBS[purpose])
    for signature in toolset.signatures
]
ALL_TOOLS = frozenset(signature.name for signature in SIGNATURES)
CHANGING_TOOLS = frozenset(signature.name for signature in SIGNATURES if signature.effect is Effect.CHANGE)


def tools_of(role: AgentRole) -> frozenset[str]:
    """What a profile of this role holds that names no tools."""
    return frozenset(list_tools(Profile(name="x", role=role, model="any")))


WORKER_TOOLS = tools_of(AgentRole.WORKER)
ORCHESTRATOR_TOOLS = tools_of(AgentRole.ORCHESTRATOR)
CHECKER_TOOLS = tools_of(AgentRole.CHECKER)
