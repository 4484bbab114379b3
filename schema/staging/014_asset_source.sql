-- The sources of the assets go to the warehouse, too, with the mark of which rows of its asset_master are ours.

-- 1 where the warehouse's row is ours and its asset_source does not say so yet: an older program has sent it.
ALTER TABLE asset_master ADD COLUMN claimed INTEGER NOT NULL DEFAULT 0;
UPDATE asset_master SET claimed = 1, revision = revision + 1 WHERE synced_revision > 0;

-- Sources that left the assets file, and have to leave the warehouse when their asset is sent.
CREATE TABLE removed_asset_source (
    asset_id TEXT NOT NULL,
    source   TEXT NOT NULL,
    PRIMARY KEY (asset_id, source)
) WITHOUT ROWID;

-- An asset is sent again when one of its sources is another one, or its stored bars are in another currency than before.
CREATE TRIGGER asset_source_added AFTER INSERT ON asset_source
BEGIN
    DELETE FROM removed_asset_source WHERE asset_id = new.asset_id AND source = new.source;
    UPDATE asset_master SET revision = revision + 1 WHERE asset_id = new.asset_id;
END;
CREATE TRIGGER asset_source_changed AFTER UPDATE ON asset_source
BEGIN
    UPDATE asset_master SET revision = revision + 1 WHERE asset_id = new.asset_id;
END;
CREATE TRIGGER asset_source_removed AFTER DELETE ON asset_source
BEGIN
    INSERT OR IGNORE INTO removed_asset_source (asset_id, source) VALUES (old.asset_id, old.source);
    UPDATE asset_master SET revision = revision + 1 WHERE asset_id = old.asset_id;
END;
CREATE TRIGGER series_currency AFTER UPDATE OF currency ON series WHEN new.currency <> old.currency
BEGIN
    UPDATE asset_master SET revision = revision + 1 WHERE asset_id = new.asset_id;
END;
