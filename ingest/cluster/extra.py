"""Whether Ray is installed, told without importing it."""

import importlib.util

from ingest.errors import ClusterUnavailable


def require_ray() -> None:
    """Raises ClusterUnavailable, with what to install, where Ray is not."""
    if importlib.util.find_spec("ray") is None:
        raise ClusterUnavailable(
            'work on a cluster needs Ray: run pip install -c constraints.txt -e ".[bundled,ray]" '
            "on every machine of it"
        )
