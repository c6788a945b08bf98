"""How often and how patiently the same is sent again."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Callable, Iterator, TypeVar

from .errors import ChappeError, passes

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Retry:
    """Attempts in a row that bring nothing before giving up, and the pause between them: the server's, where it asks for one, else from
    ``first_seconds`` doubling up to ``longest_seconds``, of which a random part, so that members do not come back at once."""

    attempts: int = 8
    first_seconds: float = 0.2
    longest_seconds: float = 15.0

    def pauses(self) -> Iterator[float]:
        """The pauses, without end."""
        pause = self.first_seconds
        while True:
            yield pause * (0.5 + random.random() / 2)
            pause = min(pause * 2, self.longest_seconds)

    def run(self, attempt: Callable[[], Answer], sleep: Callable[[float], None] = time.sleep) -> Answer:
        """The answer of the first attempt that gets one. Refusals that do not pass are raised at once."""
        pauses = self.pauses()
        for left in range(self.attempts - 1, -1, -1):
            try:
                return attempt()
            except ChappeError as error:
                if left == 0 or not passes(error):
                    raise
                sleep(pause_after(error, pauses))
        raise ValueError("a Retry has one attempt at least")


def pause_after(error: ChappeError, pauses: Iterator[float]) -> float:
    """What the server asks for, else the next of our own."""
    return next(pauses) if error.retry_after_seconds is None else error.retry_after_seconds
