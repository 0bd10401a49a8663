"""Time that nobody had: the machine slept or stood still, or its clock was set."""

from dataclasses import dataclass

STOOD_STILL = 5.0  # seconds by which a wait must be exceeded before the process counts as having stood still


@dataclass
class ClockWatch:
    """Notices when the wall clock and the steady clock disagree; both in seconds."""

    wall: float
    steady: float

    def measure_jump(self, wall: float, steady: float) -> float:
        """By how much the wall clock has jumped since the last call."""
        jump = (wall - self.wall) - (steady - self.steady)
        self.wall, self.steady = wall, steady
        return jump

    def measure_absence(self, wall: float, steady: float, expected: float) -> float:
        """How much time was lost since the last call, which should be `expected` seconds ago; negative: set back."""
        exceeded = (steady - self.steady) - expected
        return self.measure_jump(wall, steady) + (exceeded if exceeded > STOOD_STILL else 0.0)
