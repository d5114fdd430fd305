"""Commands of a cluster where Ray is not installed."""

import pytest

from ingest.cluster.extra import require_ray
from ingest.errors import ClusterUnavailable


def test_without_ray_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ClusterUnavailable, match="needs Ray: run pip install"):
        require_ray()
