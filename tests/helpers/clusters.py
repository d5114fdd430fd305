"""A Ray cluster of two nodes on loopback, each of which may be killed."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HEAD, OTHER = "127.0.0.2", "127.0.0.3"
"""Of 127.0.0.1 Ray makes the outer address of the machine, where nobody listens."""
_STORE_BYTES = 100 << 20


class TwoNodes:
    """The cluster; the driver is beside the head."""

    def __init__(self, folder: str) -> None:
        from ray.cluster_utils import Cluster

        head = {
            **self._node(HEAD, num_gpus=0),
            "include_dashboard": False,
            "temp_dir": folder,
        }
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
        self._other: Any = None
        self.grow()

    @property
    def address(self) -> str:
        """What `--address` takes."""
        return str(self._cluster.address)

    def grow(self) -> None:
        """Adds the second node, which has a graphics card, as far as Ray knows."""
        self._other = self._cluster.add_node(**self._node(OTHER, num_gpus=1))

    def kill_other(self) -> None:
        """Kills all of the second node at once."""
        self._cluster.remove_node(self._other, allow_graceful=False)

    def stop(self) -> None:
        """Ends both."""
        self._cluster.shutdown()

    @staticmethod
    def _node(address: str, num_gpus: int) -> dict[str, Any]:
        return {
            "node_ip_address": address,
            "num_cpus": 1,
            "num_gpus": num_gpus,
            "object_store_memory": _STORE_BYTES,
        }


@contextmanager
def two_nodes() -> Iterator[TwoNodes]:
    """The cluster, until the end of the block."""
    # Its sockets need a short path.
    with tempfile.TemporaryDirectory(
        prefix="ray-", dir="/tmp", ignore_cleanup_errors=True
    ) as folder:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        os.environ["RAY_TMPDIR"] = folder  # where Cluster writes its address, into a folder ray
        Path(folder, "ray").mkdir()
        made = TwoNodes(folder)
        try:
            yield made
        finally:
            made.stop()
            del os.environ["RAY_TMPDIR"]  # which is gone now
