"""How far a reply has come, for whoever waits for it: what a model thinks is counted and never shown."""

from dataclasses import dataclass

from kanban.llm import Piece, PieceKind


@dataclass
class ReplyMeter:
    """Counts what has arrived of one reply. Times are in seconds of one clock."""

    began: float
    first: float | None = None
    thoughts: int = 0
    written: int = 0
    tool: str = ""
    speaks: bool = False

    def take(self, piece: Piece, now: float) -> None:
        """Count a piece."""
        self.first = now if self.first is None else self.first
        match piece.kind:
            case PieceKind.THOUGHTS:
                self.thoughts += len(piece.text.split())
            case PieceKind.CALL:
                self.tool, self.written = piece.tool, self.written + len(piece.text)
            case PieceKind.WORDS:
                self.speaks = True

    def tell(self, now: float) -> str:
        """What the model is at; empty once it speaks."""
        if self.tool:
            return f"writes a call of {self.tool}, {self.written:,} characters"
        if self.speaks:
            return ""
        if self.first is None:
            return f"has said nothing yet, {now - self.began:.0f} s"
        return f"thinks, {now - self.began:.0f} s, {self.thoughts:,} words"

    def sum_up(self, now: float) -> str:
        """How long it thought and when its first token came; empty for a reply without thoughts."""
        if not self.thoughts or self.first is None:
            return ""
        first = self.first - self.began
        return f"thought for {now - self.began:.0f} s ({self.thoughts:,} words; first token after {first:.1f} s)"
