"""What the person does about a request that has no answer."""

from kanban.domain.ticket import Caller
from kanban.store.store import Store
from kanban.store.tables import Request


def retry(store: Store, request_id: int, caller: Caller, now: float) -> Request:
    """Have the daemon ask Ginger again. Raises NotFound, or MovedOn for one that is not without an answer."""
    store.queries.get_request(request_id)
    store.requests.retry(request_id, caller, now)
    return store.queries.get_request(request_id)


def close(store: Store, request_id: int, caller: Caller, now: float, why: str = "") -> Request:
    """Give up a request that has no tickets. Raises NotFound, or MovedOn for one that has, or an answer."""
    store.queries.get_request(request_id)
    store.requests.close(request_id, caller, now, why)
    return store.queries.get_request(request_id)
