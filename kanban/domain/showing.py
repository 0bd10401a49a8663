"""Text of unknown origin and spans of time, as people are shown them."""


def show_safely(text: str) -> str:
    """Text of unknown origin with its control characters made visible, so that a terminal obeys none of them."""
    return "".join(mark if mark in "\n\t" or mark.isprintable() else f"\\x{ord(mark):02x}" for mark in text)


def show_line(text: str) -> str:
    """The same on one line, runs of white space as one blank."""
    return show_safely(" ".join(text.split()))


def show_span(seconds: float) -> str:
    """A span of time in its largest unit: 12s, 5m, 3h, 4d."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return f"{int(max(0.0, seconds))}s"
