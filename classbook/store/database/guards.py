"""The second guard: what the database refuses by itself, so that a bug is an error and not an oversell."""

from __future__ import annotations

from classbook.store.ledger_guards import LEDGER_ON_POSTGRESQL, LEDGER_ON_SQLITE


def guards(dialect: str) -> tuple[str, ...]:
    """The law for timed pools, as the database enforces it: taken claims on one unit never overlap.

    A second guard behind the pool's lock. SQLite looks only at the predecessor and the successor by start, which is
    enough because the rows before it satisfied the law already.
    """
    if dialect == "postgresql":
        return (
            "CREATE EXTENSION IF NOT EXISTS btree_gist",
            "ALTER TABLE claims ADD CONSTRAINT claims_overlap EXCLUDE USING gist "
            "(pool_id WITH =, unit WITH =, int8range(starts_at, ends_at) WITH &&) WHERE (live AND timed)",
        )
    return tuple(
        f"CREATE TRIGGER claims_overlap_{event} BEFORE {when} ON claims WHEN NEW.live AND NEW.timed AND ("
        "EXISTS (SELECT 1 FROM (SELECT ends_at FROM claims WHERE live AND timed AND pool_id = NEW.pool_id "
        "AND unit = NEW.unit AND starts_at < NEW.ends_at "
        "AND NOT (reservation_id = NEW.reservation_id AND n = NEW.n) "
        "ORDER BY starts_at DESC LIMIT 1) WHERE ends_at > NEW.starts_at)) "
        "BEGIN SELECT RAISE(ABORT, 'claims_overlap'); END"
        for event, when in (
            ("insert", "INSERT"),
            ("update", "UPDATE OF pool_id, unit, starts_at, ends_at, live, timed"),
        )
    )


def ledger_guards(dialect: str) -> tuple[str, ...]:
    """The law of the ledger: rows never change, and people's figures are what the rows say."""
    return LEDGER_ON_POSTGRESQL if dialect == "postgresql" else LEDGER_ON_SQLITE
