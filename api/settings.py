"""The environment variables of this package, beside those of ingest/settings.py: the server reads
media files, too, within the limits of an ingest."""

from typing import Annotated

from pydantic import Field

from ingest.settings import IngestSettings


class ApiSettings(IngestSettings):
    """The limits of a server."""

    api_max_concurrent: Annotated[int, Field(gt=0)] = 16
    """Searches answered at once; more wait, or get 503."""
