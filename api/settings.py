"""The environment variables of this package, beside those of database/settings.py."""

from typing import Annotated

from pydantic import Field

from database.settings import DatabaseSettings


class ApiSettings(DatabaseSettings):
    """The limits of a server."""

    api_max_concurrent: Annotated[int, Field(gt=0)] = 16
    """Searches answered at once; more wait, or get 503."""
