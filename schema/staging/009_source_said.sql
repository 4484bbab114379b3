-- What each source said of an asset beside its prices, so that `doctor` can tell when the assets file says otherwise.

-- currency, zone and exchange as the source writes them, NULL where it says nothing; since is when it said so first.
CREATE TABLE source_said (
    asset_id TEXT NOT NULL,
    source   TEXT NOT NULL,
    currency TEXT,
    zone     TEXT,
    exchange TEXT,
    since    TEXT NOT NULL,
    PRIMARY KEY (asset_id, source)
) WITHOUT ROWID;
