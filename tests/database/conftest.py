"""Sessions for tables of one's own."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from database.settings import DatabaseSettings
from tests.helpers.tables import InSession, Work


@pytest.fixture
def in_session(settings: DatabaseSettings) -> InSession:
    """`in_session(work)`: what `work` answers in a session of its own, which commits."""
    assert settings.database_url is not None
    url = sa.make_url(settings.database_url).set(drivername="postgresql+psycopg")

    def run(work: Work) -> Any:
        async def worked() -> Any:
            engine = create_async_engine(url)
            try:
                async with AsyncSession(engine) as db, db.begin():
                    return await work(db)
            finally:
                await engine.dispose()

        return asyncio.run(worked())

    return run
