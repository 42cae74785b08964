"""Does several things at once, so that one slow endpoint does not hold the others back."""

import contextvars
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

AT_ONCE = 16


def side_by_side[T](do: Callable[[T], object], things: Iterable[T]) -> list[Exception]:
    """Do *do* for each of *things*, at most `AT_ONCE` together, and give what went wrong.

    The context goes along, so that each log line keeps its invocation's id.
    """
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        futures: list[Future[object]] = [
            pool.submit(contextvars.copy_context().run, do, thing) for thing in things
        ]
    errors = [future.exception() for future in futures]
    return [error for error in errors if isinstance(error, Exception)]
