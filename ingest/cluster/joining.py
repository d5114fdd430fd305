"""A Ray cluster, joined for the time of a command, and rows that are worked on there.

A row is a file, or a range of moments: small, and so is what comes back of it. What is decoded and
embedded goes from the machine that does it straight into the library, never through the driver.
"""

import ipaddress
import logging
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

import ray
import ray.data
from ray.data import ActorPoolStrategy, DataContext

from embeddings.runtime import num_cores
from ingest.errors import ClusterFailed, ClusterUnavailable
from ingest.interruption import last_words
from ingest.settings import IngestSettings

LOCAL = "local"
"""The address that stands for a cluster of this machine alone, started for the command."""
MOST_BLOCKS = 10_000
"""Rows are tasks of their own up to here; of more, some are one task."""
_STORE_BYTES = 128 << 20
"""The object store of a local cluster: only rows, and pictures on their way to a graphics card,
pass through it."""
_PATIENCE_S = 10.0
_QUIET_LOGS = ("ray", "ray.data")
Row = dict[str, Any]


@contextmanager
def joined(address: str) -> Iterator[None]:
    """Where this process is the driver of the cluster at `address` (`host:port`, `auto`, or LOCAL).
    Raises ClusterUnavailable."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # it writes of itself to stderr
    for name in _QUIET_LOGS:
        logging.getLogger(name).setLevel(logging.ERROR)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    host, _, port = address.rpartition(":")
    if host:
        _require_answer(host, port)
    if address == LOCAL:
        options |= {"include_dashboard": False, "object_store_memory": _STORE_BYTES}
        options["num_cpus"] = num_cores()  # those that this process may use
    elif _is_loopback(host):
        options["_node_ip_address"] = host  # or Ray looks for the machine's outer address there
    with _stdout_kept():
        try:
            ray.init(address=address, **options)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
            raise _unavailable(address, error) from error
        try:
            yield
        finally:
            ray.shutdown()


@contextmanager
def _stdout_kept() -> Iterator[None]:
    """Where what Ray prints of its nodes goes to stderr: stdout is for data. The last words of a
    command that is ended meanwhile are."""
    stdout = sys.stdout
    with redirect_stdout(sys.stderr), last_words(lambda: setattr(sys, "stdout", stdout)):
        yield


def _require_answer(host: str, port: str) -> None:
    """Raises ClusterUnavailable soon; Ray itself tries for many minutes."""
    try:
        socket.create_connection((host, int(port)), _PATIENCE_S).close()
    except (OSError, ValueError, OverflowError) as error:
        raise _unavailable(f"{host}:{port}", error) from error


def _unavailable(address: str, error: Exception) -> ClusterUnavailable:
    return ClusterUnavailable(
        f"no Ray cluster can be joined at {address} ({error}): start one with ray start --head, or "
        "leave the address out to work on this machine alone"
    )


def shared_settings(settings: IngestSettings) -> IngestSettings:
    """The settings with which all machines of the joined cluster work: files are of the driver's
    host, wherever they are read. Raises ClusterUnavailable for an embedded database that other
    machines cannot reach."""
    is_embedded = settings.database_url is None and not settings.shard_urls
    if is_embedded and len(_machines()) > 1:
        raise ClusterUnavailable(
            "the machines of a cluster cannot reach an embedded database: set DATABASE_URL to a "
            "PostgreSQL server"
        )
    home = {
        "sceneseek_home": settings.home,
        "sceneseek_host": settings.origin.removeprefix("file://"),
    }
    return settings.model_copy(update=home)


def num_processors() -> int:
    """How many processors the joined cluster has, as Ray counts them; at least one."""
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def worked_off(rows: Sequence[Row], worker: type, *arguments: object) -> Iterator[Row]:
    """What `worker(*arguments)` makes of each row, as it is done: actors, one for each processor,
    that hold their models. A row whose machine is lost is done again by another.

    Raises ClusterFailed for what a row names as `error`.
    """
    if not rows:
        return
    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    num_actors = min(num_processors(), len(rows))
    done = ray.data.from_items(list(rows), override_num_blocks=min(len(rows), MOST_BLOCKS)).map(
        worker,  # Ray makes an object of it in each actor
        fn_constructor_args=arguments,
        compute=ActorPoolStrategy(
            min_size=1,
            initial_size=num_actors,
            max_size=num_actors,
            max_tasks_in_flight_per_actor=1,  # a second one would wait where others have nothing
        ),
        num_cpus=1,
    )
    for row in done.iter_rows():
        if row["error"] is not None:
            raise ClusterFailed(f"{row['node']}: {row['error']}")
        yield row


def node_name() -> str:
    """The machine of this process, as messages name it."""
    return str(ray.util.get_node_ip_address())


def _machines() -> set[str]:
    return {node["NodeManagerAddress"] for node in ray.nodes() if node["Alive"]}


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
