-- Everything that is pending from one key to another is acknowledged. The plus keeps SQLite from finding the rows by the index
-- of the pending ones, which it would have to copy first since it changes under the statement: twice the work. OR ROLLBACK: were
-- a row refused, the whole transaction is to go, so that SQLite need not keep what this statement alone has changed.
UPDATE OR ROLLBACK price_daily
SET synced_revision = revision
WHERE +revision <> synced_revision
  AND (asset_id, date, source) >= (?1, ?2, ?3)
  AND (asset_id, date, source) <= (?4, ?5, ?6)
