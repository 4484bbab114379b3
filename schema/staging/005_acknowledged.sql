-- What was acknowledged belongs to a table, and what was refused to a row as it was sent.

-- The row as it was refused, its ingest time and values, as JSON: a program that replaces a row begins its revision at 1 again.
-- NULL where an older program noted it: then the revision has to do.
ALTER TABLE sync_reject ADD COLUMN row_sent TEXT;

-- Why the warehouse refuses an asset; NULL while it does not. It is tried again by every sync.
ALTER TABLE asset_master ADD COLUMN refused TEXT;

-- Which table took the rows: its schema and number, host, port and database by which it was reached, and as JSON the bars that
-- were acknowledged last, of which it must have one. NULL in a file of an older program, until the next sync.
ALTER TABLE warehouse ADD COLUMN relation TEXT;
ALTER TABLE warehouse ADD COLUMN place TEXT;
ALTER TABLE warehouse ADD COLUMN witnesses TEXT;
