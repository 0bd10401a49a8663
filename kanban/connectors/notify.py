"""Notices to the person's desktop, phone or chat, through whatever Apprise reaches."""

from kanban.errors import InvalidInput, KanbanError

TITLE = "kanban"


def send_notice(target: str, text: str) -> None:
    """Deliver one notice to an Apprise address (`ntfy://topic`, `tgram://token/chat`, `mailto://…`).

    Raises InvalidInput for an address that Apprise does not know, KanbanError when it could not be delivered.
    The address may hold a secret and is never named in an error.
    """
    import apprise  # a quarter of a second

    sender = apprise.Apprise()
    if not sender.add(target):
        raise InvalidInput(
            f"no way to notify is known for {name_target(target)}",
            "see https://github.com/caronc/apprise for the forms",
        )
    if not sender.notify(body=text, title=TITLE):
        raise KanbanError(f"{name_target(target)} did not take the notice", "check the address and the network")


def name_target(target: str) -> str:
    """What may be shown of an address: its kind."""
    kind, separator, _ = target.partition("://")
    return kind if kind and separator else "an address without a kind"
