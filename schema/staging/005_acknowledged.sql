-- What was acknowledged belongs to a table, and what was refused to a row as it was sent.

-- The row as it was refused, its ingest time and values, as JSON: a program that replaces a row begins its revision at 1 again.
-- NULL where an older program noted it: then the revision has to do.
ALTER TABLE sync_reject ADD COLUMN row_sent TEXT;

-- Why the warehouse refuses an asset; NULL while it does not. It is tried again by every sync.
ALTER TABLE asset_master ADD COLUMN refused TEXT;
