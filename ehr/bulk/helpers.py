"""Processes that help this one, and end when it ends, however that happens."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, Literal


@contextmanager
def helpers(
    processes: int,
    *,
    start: Literal["spawn", "forkserver"],
    begin: Callable[..., None],
    arguments: tuple[Any, ...],
) -> Iterator[ProcessPoolExecutor]:
    """So many processes; each first does `begin(*arguments)`.

    Where the work is broken off, what waits is not done and what runs is ended: else
    an interruption would be heard only after hours.
    """
    pool = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context(start),
        initializer=_begun,
        initargs=(begin, arguments),
    )
    try:
        yield pool
    except BaseException:
        for each in multiprocessing.active_children():
            each.terminate()
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


def _begun(begin: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    # Ctrl-C reaches every process of a terminal; the one that we help ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A process that is killed tells nobody, and we would wait for work for ever.
    threading.Thread(target=_end_with_the_other, daemon=True).start()
    begin(*arguments)


def _end_with_the_other() -> None:
    other = multiprocessing.parent_process()
    assert other is not None
    other.join()
    os._exit(1)
