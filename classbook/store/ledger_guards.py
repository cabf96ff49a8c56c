"""The law of the ledger, as each database enforces it (`store.database.ledger_guards` picks).

Rows of `transfers` are never changed or deleted. What people have and what of it is held follows from the rows, and
nothing else may write it. A row that posts, voids or refunds fits the pending row it points at, and what is refunded is
never more than what was paid.

PostgreSQL counts all rows of a statement at once, by wallet. It updates the wallets first, so that two who refund one
payment wait for each other before they look at what was refunded. SQLite counts row by row, in the order of ids; there
a wallet remembers the newest row it counts, and no other change of its figures fits.
"""

from __future__ import annotations

from typing import Final

LEDGER_ON_POSTGRESQL: Final = (
    """
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = TG_ARGV[0], MESSAGE = TG_ARGV[0];
END $$
""",
    # The plan is made once a session, for a statement that may have had any number of rows and tables that were small:
    # so it always goes by keys, row by row, and is not compiled. (Left to the planner, 200 rows took 120 ms and not 3.)
    """
CREATE FUNCTION ledger_count() RETURNS trigger LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  broken text;
BEGIN
  UPDATE wallets w SET balance_minor = w.balance_minor + e.balance, held_minor = w.held_minor + e.held,
    newest_id = greatest(w.newest_id, e.newest)
  FROM (
    SELECT wallet_id, sum(balance)::bigint AS balance, sum(held)::bigint AS held, max(id) AS newest FROM (
      SELECT from_id AS wallet_id, id, CASE state WHEN 'posted' THEN - amount_minor ELSE 0 END AS balance,
        CASE WHEN state = 'pending' THEN amount_minor WHEN kind = 'payment' THEN - amount_minor ELSE 0 END AS held
      FROM fresh
      UNION ALL SELECT to_id, id, amount_minor, 0 FROM fresh WHERE state = 'posted'
    ) effects GROUP BY wallet_id
  ) e WHERE w.id = e.wallet_id AND w.balance_minor IS NOT NULL;
  SELECT CASE
    WHEN 2 <> (SELECT count(*) FROM wallets w WHERE w.id IN (t.from_id, t.to_id) AND w.currency = t.currency)
      THEN 'transfers_wallets'
    WHEN t.first_id IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM transfers p WHERE p.id = t.first_id AND p.state = 'pending' AND p.currency = t.currency
      AND p.reservation_id = t.reservation_id AND p.n = t.n AND CASE t.kind
        WHEN 'payment' THEN p.from_id = t.from_id AND p.to_id = t.to_id AND p.amount_minor = t.amount_minor
        ELSE p.from_id = t.to_id AND p.to_id = t.from_id AND EXISTS (SELECT 1 FROM transfers q
          WHERE q.first_id = p.id AND q.kind = 'payment' AND q.state <> 'pending' AND q.state = 'posted') END)
      THEN 'transfers_matched'
    WHEN t.kind = 'refund' AND (SELECT amount_minor FROM transfers WHERE id = t.first_id)
      < (SELECT sum(r.amount_minor) FROM transfers r WHERE r.first_id = t.first_id AND r.kind = 'refund')
      THEN 'transfers_refund_bounded'
    END AS rule INTO broken FROM fresh t ORDER BY rule LIMIT 1;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = broken, MESSAGE = broken;
  END IF;
  RETURN NULL;
END $$
""",
    "CREATE TRIGGER transfers_counted AFTER INSERT ON transfers REFERENCING NEW TABLE AS fresh "
    "FOR EACH STATEMENT EXECUTE FUNCTION ledger_count()",
    "CREATE TRIGGER transfers_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers "
    "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('transfers_unchanged')",
    # Only what counts a new row may write the figures: it runs within the trigger above.
    "CREATE TRIGGER wallets_kept BEFORE UPDATE ON wallets "
    "FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION ledger_refuse('wallets_kept')",
    "CREATE TRIGGER wallets_stay BEFORE DELETE OR TRUNCATE ON wallets "
    "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('wallets_stay')",
    "CREATE TRIGGER wallets_empty BEFORE INSERT ON wallets "
    "FOR EACH ROW WHEN (NEW.balance_minor <> 0 OR NEW.held_minor <> 0 OR NEW.newest_id <> 0) "
    "EXECUTE FUNCTION ledger_refuse('wallets_empty')",
)
LEDGER_ON_SQLITE: Final = (
    """
CREATE TRIGGER transfers_counted AFTER INSERT ON transfers BEGIN
  SELECT RAISE(ABORT, 'transfers_wallets')
  WHERE 2 <> (SELECT count(*) FROM wallets w WHERE w.id IN (NEW.from_id, NEW.to_id) AND w.currency = NEW.currency);
  SELECT RAISE(ABORT, 'transfers_matched')
  WHERE NEW.first_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM transfers p WHERE p.id = NEW.first_id AND p.state = 'pending' AND p.currency = NEW.currency
    AND p.reservation_id = NEW.reservation_id AND p.n = NEW.n AND CASE NEW.kind
      WHEN 'payment' THEN p.from_id = NEW.from_id AND p.to_id = NEW.to_id AND p.amount_minor = NEW.amount_minor
      ELSE p.from_id = NEW.to_id AND p.to_id = NEW.from_id AND EXISTS (SELECT 1 FROM transfers q
        WHERE q.first_id = p.id AND q.kind = 'payment' AND q.state <> 'pending' AND q.state = 'posted') END);
  SELECT RAISE(ABORT, 'transfers_refund_bounded')
  WHERE NEW.kind = 'refund' AND (SELECT amount_minor FROM transfers WHERE id = NEW.first_id)
    < (SELECT sum(r.amount_minor) FROM transfers r WHERE r.first_id = NEW.first_id AND r.kind = 'refund');
  UPDATE wallets SET newest_id = NEW.id,
    balance_minor = balance_minor - (NEW.state = 'posted') * NEW.amount_minor,
    held_minor = held_minor + (NEW.kind = 'payment') * iif(NEW.state = 'pending', 1, -1) * NEW.amount_minor
  WHERE id = NEW.from_id AND account = 'person';
  UPDATE wallets SET newest_id = NEW.id, balance_minor = balance_minor + NEW.amount_minor
  WHERE id = NEW.to_id AND account = 'person' AND NEW.state = 'posted';
END
""",
    "CREATE TRIGGER transfers_unchanged BEFORE UPDATE ON transfers "
    "BEGIN SELECT RAISE(ABORT, 'transfers_unchanged'); END",
    "CREATE TRIGGER transfers_undeleted BEFORE DELETE ON transfers "
    "BEGIN SELECT RAISE(ABORT, 'transfers_unchanged'); END",
    # REPLACE deletes what is in its way without asking the trigger above.
    """
CREATE TRIGGER transfers_unreplaced BEFORE INSERT ON transfers BEGIN
  SELECT RAISE(ABORT, 'transfers_pkey') WHERE EXISTS (SELECT 1 FROM transfers WHERE id = NEW.id);
  SELECT RAISE(ABORT, 'transfers_resolved') WHERE NEW.kind = 'payment' AND NEW.state <> 'pending' AND EXISTS (
    SELECT 1 FROM transfers WHERE first_id = NEW.first_id AND kind = 'payment' AND state <> 'pending');
  SELECT RAISE(ABORT, 'transfers_payments') WHERE NEW.state = 'pending' AND EXISTS (
    SELECT 1 FROM transfers WHERE reservation_id = NEW.reservation_id AND n = NEW.n AND state = 'pending');
END
""",
    """
CREATE TRIGGER wallets_kept BEFORE UPDATE ON wallets WHEN NOT (
  NEW.id IS OLD.id AND NEW.person_id IS OLD.person_id AND NEW.account IS OLD.account AND NEW.currency IS OLD.currency
  AND EXISTS (SELECT 1 FROM transfers t WHERE t.id = NEW.newest_id AND t.id > OLD.newest_id
    AND OLD.id IN (t.from_id, t.to_id)
    AND NEW.balance_minor = OLD.balance_minor
      + (t.state = 'posted') * iif(t.to_id = OLD.id, 1, -1) * t.amount_minor
    AND NEW.held_minor = OLD.held_minor
      + (t.kind = 'payment' AND t.from_id = OLD.id) * iif(t.state = 'pending', 1, -1) * t.amount_minor)
) BEGIN SELECT RAISE(ABORT, 'wallets_kept'); END
""",
    "CREATE TRIGGER wallets_stay BEFORE DELETE ON wallets BEGIN SELECT RAISE(ABORT, 'wallets_stay'); END",
    "CREATE TRIGGER wallets_empty BEFORE INSERT ON wallets "
    "WHEN NEW.balance_minor <> 0 OR NEW.held_minor <> 0 OR NEW.newest_id <> 0 "
    "BEGIN SELECT RAISE(ABORT, 'wallets_empty'); END",
    """
CREATE TRIGGER wallets_unreplaced BEFORE INSERT ON wallets BEGIN
  SELECT RAISE(ABORT, 'wallets_pkey') WHERE EXISTS (SELECT 1 FROM wallets WHERE id = NEW.id);
  SELECT RAISE(ABORT, 'wallets_owner') WHERE EXISTS (
    SELECT 1 FROM wallets WHERE person_id = NEW.person_id AND account = NEW.account AND currency = NEW.currency);
  SELECT RAISE(ABORT, 'wallets_of_nobody') WHERE NEW.person_id IS NULL AND EXISTS (
    SELECT 1 FROM wallets WHERE person_id IS NULL AND account = NEW.account AND currency = NEW.currency);
END
""",
)
