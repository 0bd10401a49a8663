"""What the person does about a model that is paused."""

from kanban.store.store import Store


def resume(store: Store, model: str, now: float, *, forget_window: bool = False) -> bool:
    """Lift the pause of a model; whether it was paused. `forget_window`: what was learned of its window goes too."""
    if forget_window:
        store.windows.forget(model)
    return store.pauses.resume(model, now)
