"""What the person does to what agents keep for next time."""

from collections.abc import Iterable

from kanban.domain.ticket import THE_PERSON, Caller
from kanban.errors import InvalidInput
from kanban.store.queries import Remembered
from kanban.store.store import Store

LONGEST = 2_000  # characters of one memory


def add(store: Store, text: str, now: float) -> Remembered:
    """Keep a wish of the person's. Raises InvalidInput for an empty or endless text."""
    text = _check(text)
    store.records.remember(THE_PERSON.name, None, text, now)
    return next(memory for memory in store.queries.recall("", -1, persons=True) if memory.text == text)


def change(store: Store, number: int, text: str, caller: Caller, now: float) -> Remembered:
    """Put other words in the place of a memory; whose it is stays. Raises NotFound or InvalidInput."""
    store.records.change_memory(number, _check(text), caller, now)
    return store.queries.get_memory(number)


def forget(store: Store, numbers: Iterable[int], caller: Caller, now: float) -> list[Remembered]:
    """Remove these and return them as they were; none is removed when one is not there. Raises NotFound."""
    forgotten = [store.queries.get_memory(number) for number in dict.fromkeys(numbers)]
    for memory in forgotten:
        store.records.forget(memory.id, caller, now)
    return forgotten


def _check(text: str) -> str:
    text = text.strip()
    if not text:
        raise InvalidInput("the text is empty", "write what the runs should know")
    if len(text) > LONGEST:
        raise InvalidInput(f"{len(text)} characters are more than {LONGEST}", "keep one fact or preference at a time")
    return text
