-- Acknowledges everything that is pending from one key to another. The plus keeps SQLite from using the index of
-- pending rows, which it would have to copy first because the statement changes it: twice the work. OR ROLLBACK: if a
-- row were refused, the whole transaction should go, so SQLite need not keep what this statement alone has changed.
UPDATE OR ROLLBACK price_daily
SET synced_revision = revision
WHERE +revision <> synced_revision
  AND (asset_id, date, source) >= (?1, ?2, ?3)
  AND (asset_id, date, source) <= (?4, ?5, ?6)
