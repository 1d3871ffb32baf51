"""Wrong codes are limited, so that eight digits cannot be tried out."""

import threading
from collections import deque
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=1)
MOST_PER_ADDRESS = 10
MOST_IN_ALL = 120


class TooManyGuesses(Exception):
    """More codes were tried within a minute than people would."""

    def __init__(self) -> None:
        super().__init__("too many codes tried within a minute")


class Guesses:
    """Counts wrong codes per address and in all, for the last minute."""

    def __init__(self) -> None:
        self._tries: deque[tuple[datetime, str]] = deque()
        self._lock = threading.Lock()

    def allow(self, address: str, *, now: datetime) -> None:
        """May this address try a code now? Raises TooManyGuesses."""
        with self._lock:
            while self._tries and self._tries[0][0] <= now - WINDOW:
                self._tries.popleft()
            from_here = sum(1 for _, each in self._tries if each == address)
            if from_here >= MOST_PER_ADDRESS or len(self._tries) >= MOST_IN_ALL:
                raise TooManyGuesses

    def wrong(self, address: str, *, now: datetime) -> None:
        """Count one wrong code; a right one costs nothing, however many tablets."""
        with self._lock:
            self._tries.append((now, address))
