"""tuspy, which sends files in parts."""

import sys
from typing import Any
from urllib.parse import urljoin

from calls import serve
from tusclient.client import TusClient

SERVER = TusClient(urljoin(sys.argv[1], "/uploads"))


def upload(path: str, part_bytes: int, **options: Any) -> str:
    """Sends a file, up to `stop_at`, or on from where an upload at `url` is; its address."""
    stop_at = options.pop("stop_at", None)
    name = {"filename": path.rpartition("/")[2]}
    uploader = SERVER.uploader(path, chunk_size=part_bytes, metadata=name, **options)
    uploader.upload(stop_at=stop_at)
    return str(uploader.url)


serve(upload)
