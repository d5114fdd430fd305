"""All checks, side by side and each within a time limit: one that fails ends no other."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial

from database.doctor import library, machine, opencv, services
from database.doctor.findings import Finding, fault, ok, without_secrets
from database.errors import DatabaseError
from database.opening import open_database
from database.settings import DatabaseSettings

LIMIT_S = 4.0
"""That all checks have together."""

Check = tuple[str, Callable[[], Finding]]
"""A name, and the look that belongs to it."""


def examine(settings: DatabaseSettings, variables: Mapping[str, str]) -> dict[str, Finding]:
    """What every check has found, by its name. `variables` are those of the environment, of which
    some belong to other programs. Changes nothing, but starts an embedded server that is there."""
    redis_url = settings.embedding_redis_url
    shared = settings.shared
    return run_checks(
        [
            [("python", machine.python)],
            *_of_databases(settings),
            [("cv2", opencv.cv2)],
            [("disk", lambda: machine.disk(settings.home))],
            [("memory", machine.memory)],
            [("gpu", services.gpu)],
            [("redis", lambda: services.redis(redis_url))],
            [("ollama", lambda: _ollama(settings, variables))],
            [("port", machine.port)],
            [("limits", machine.limits)],
            *([[("store", partial(services.store, shared))]] if shared else []),
        ],
        secret_urls=[
            url
            for url in (
                settings.database_url,
                *settings.read_urls,
                *settings.shard_urls,
                redis_url,
            )
            if url
        ],
    )


def _of_databases(settings: DatabaseSettings) -> list[list[Check]]:
    """The looks at the library's database; where it is spread over several, at the first of them,
    at those after it by number, and at all together."""
    first, *others = [library.Looks(own) for own in settings.of_shards() or [settings]]
    groups: list[list[Check]] = [
        [
            ("database", first.database),
            ("standbys", first.standbys),
            ("pgvector", first.pgvector),
            ("extensions", first.extensions),
            ("clock", first.clock),
            ("weights", first.weights),
            ("descriptions", first.descriptions),
            ("indexes", first.indexes),
        ]
    ]
    groups += [
        [(f"database {number}", looks.database), (f"pgvector {number}", looks.pgvector)]
        for number, looks in enumerate(others, start=1)
    ]
    if others:
        groups.append([("shards", lambda: _shards(settings))])
    return groups


def _shards(settings: DatabaseSettings) -> Finding:
    """Whether the databases are the shards of one library, in their order."""
    try:
        with closing(open_database(settings)) as database:
            return ok(f"one library in {len(database.parts)} databases, in the order of its shards")
    except DatabaseError as error:
        return fault(str(error))


def _ollama(settings: DatabaseSettings, variables: Mapping[str, str]) -> Finding:
    """That of our settings where something here asks it, or else any."""
    is_awaited = variables.get("INGEST_DESCRIPTIONS") == "ollama"
    if not is_awaited and "ollama_base_url" not in settings.model_fields_set:
        return services.ollama(variables.get("OLLAMA_HOST"))
    return services.ollama_that_describes(
        settings.ollama_base_url, settings.ollama_vision_model, is_awaited=is_awaited
    )


def run_checks(
    groups: Sequence[Sequence[Check]], *, limit_s: float = LIMIT_S, secret_urls: Sequence[str] = ()
) -> dict[str, Finding]:
    """The findings in the order of `groups`, which run side by side; the checks of a group run one
    after the other."""
    found: dict[str, Finding] = {}
    # Threads that end with the process: what hangs is left behind.
    threads = [threading.Thread(target=_run, args=(group, found), daemon=True) for group in groups]
    deadline = time.monotonic() + limit_s
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = fault(
        f"no answer within {limit_s:g} s", "run this again; if it stays, look at what hangs"
    )
    in_time = dict(found)
    return {
        name: without_secrets(in_time.get(name, late), secret_urls)
        for group in groups
        for name, _ in group
    }


def _run(group: Sequence[Check], found: dict[str, Finding]) -> None:
    for name, look in group:
        try:
            found[name] = look()
        except Exception as error:  # of whatever kind, it is told, and the next one runs
            found[name] = fault(f"the check itself failed: {type(error).__name__}: {error}")
