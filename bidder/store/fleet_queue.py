"""What the web of many shops asks of their workers, by the workers' table in the same database as the shop's schema.

The table is the workers' own (:mod:`bidder.worker.queue` makes it); this file knows one statement of it, so that the
web needs neither their queue nor its library.
"""

from __future__ import annotations

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from bidder.errors import StoreError

__all__ = ["ask_to_begin"]

THERE = text("SELECT to_regclass('bidder_jobs.bidder_due') IS NOT NULL")
SOON = text(
    "UPDATE bidder_jobs.bidder_due SET at = least(at, now()), claimed = NULL WHERE shop = :shop AND what = 'begin'"
)


def ask_to_begin(url: str, shop: str) -> bool:
    """Whether workers look after the shop whose store is at `url`; they read its configuration at their next tick.

    Raises StoreError where the server cannot be asked.
    """
    if not url.startswith("postgresql"):
        return False
    place = make_url(url).set(drivername="postgresql+psycopg").difference_update_query(["schema"])
    engine = create_engine(place, poolclass=NullPool, connect_args={"connect_timeout": 10})
    try:
        with engine.begin() as connection:
            if not connection.execute(THERE).scalar():
                return False
            return bool(connection.execute(SOON, {"shop": shop}).rowcount)
    except SQLAlchemyError as e:
        raise StoreError(f"{shop}: its workers cannot be asked: {type(e).__name__}") from e
    finally:
        engine.dispose()
