"""What models raise, as ours; those that could not be loaded, or hang, are left alone for a while.

The libraries that run models raise anything, and some of it is no Exception. Here alone all of it
is caught: logged with its traceback, and named in plain words.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from embeddings.errors import ModelFailed, SceneseekError, WeightsMissing

REST_S = 60.0
"""How long a model that could not be loaded is not tried again: each try takes seconds, and every
query would wait for it. Weights that are not there are looked for each time, which takes none."""
Result = TypeVar("Result")


@contextmanager
def named(model: str) -> Iterator[None]:
    """What a model raises as ModelFailed; errors that are ours already stay as they are."""
    try:
        yield
    except (SceneseekError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the tokenizer is no Exception
        _log(model, error)
        raise ModelFailed(f"the model of {model} {_in_words(error)}") from error


class Failures:
    """The models that failed to load, or hang, by name; threads may share it."""

    def __init__(self) -> None:
        self._failed: dict[str, tuple[float, SceneseekError]] = {}
        self._hanging: dict[str, Future[Any]] = {}

    def require_sound(self, model: str) -> None:
        """Raises once more why a model could not be loaded just now, or that it hangs."""
        at, error = self._failed.get(model, (float("-inf"), None))
        if error is not None and time.monotonic() - at < REST_S:
            raise error.with_traceback(None)
        call = self._hanging.get(model)
        if call is not None and not call.done():
            raise _hangs(model)

    @contextmanager
    def loading(self, model: str) -> Iterator[None]:
        """Notes what keeps a model from being loaded. Raises it, as `named` does."""
        try:
            with named(model):
                yield
        except WeightsMissing:
            raise
        except SceneseekError as error:
            _tell("a model was not loaded", model=model, reason=str(error))
            self._failed[model] = time.monotonic(), error
            raise

    def within(self, seconds: float, model: str, compute: Callable[[], Result]) -> Result:
        """What a model computes, in another thread, which is left behind if it takes too long.

        Raises ModelFailed, and then at once as long as that thread has not ended.
        """
        self.require_sound(model)
        call = in_thread(compute)
        try:
            return call.result(seconds)
        except TimeoutError:
            self._hanging[model] = call
            _tell("a model hangs", model=model, seconds=seconds)
            raise _hangs(model) from None

    def forget(self) -> None:
        """Lets every model be tried again."""
        self._failed.clear()
        self._hanging.clear()


_told: dict[tuple[str, str], float] = {}
"""When failures of the last REST_S were logged, by model and error."""
_idle: list[SimpleQueue[tuple[Callable[[], Any], "Future[Any]"]]] = []
"""The inboxes of threads that wait for work: a new one would make its model's threads anew."""


def in_thread(compute: Callable[[], Result]) -> "Future[Result]":
    """What is computed in a thread that keeps no process from ending."""
    try:
        inbox = _idle.pop()
    except IndexError:
        inbox = SimpleQueue()
        threading.Thread(target=_work, args=(inbox,), name="model", daemon=True).start()
    call: Future[Result] = Future()
    inbox.put((partial(copy_context().run, compute), call))  # logs tell whose request it is
    return call


def _work(inbox: "SimpleQueue[tuple[Callable[[], Any], Future[Any]]]") -> None:
    while True:
        compute, call = inbox.get()
        try:
            result = compute()
        except BaseException as error:  # whoever waits raises it
            call.set_exception(error)
        else:
            call.set_result(result)
        del compute, call
        _idle.append(inbox)


def _log(model: str, error: BaseException) -> None:
    """With its traceback, unless it is that of a moment ago: an input may be tried several times,
    and a query comes again."""
    now = time.monotonic()
    for told in [told for told, at in list(_told.items()) if now - at >= REST_S]:
        _told.pop(told, None)
    again = (model, repr(error)) in _told
    _told[model, repr(error)] = now
    traceback = None if again else error
    _tell("a model failed", model=model, reason=repr(error), exc_info=traceback)


def _hangs(model: str) -> ModelFailed:
    return ModelFailed(f"the model of {model} does not answer; restart the server if this lasts")


def _in_words(error: BaseException) -> str:
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return "ran out of memory: end other programs, or use a smaller model"
    if isinstance(error, ImportError):
        return f"needs the package {error.name}, which cannot be imported: install it"
    if isinstance(error, OSError) and error.strerror:
        return f"could not use its files ({error.strerror.lower()}): the log says which"
    return f"failed ({type(error).__name__}): the log says why"


def _tell(event: str, **values: object) -> None:
    import structlog  # the quick commands do without

    structlog.get_logger().error(event, **values)
