-- What each series was staged from, so that another symbol or another currency cannot slip into it; which requests were
-- lost, so that they are made again; and which run brought a value that was replaced.

-- The symbol and the currency that a series of price_daily was staged from last.
CREATE TABLE series (
    asset_id TEXT NOT NULL,
    source   TEXT NOT NULL,
    symbol   TEXT NOT NULL,
    currency TEXT NOT NULL,
    PRIMARY KEY (asset_id, source)
) WITHOUT ROWID;
INSERT INTO series (asset_id, source, symbol, currency)
SELECT asset_id, source, symbol, currency
FROM asset_source s
WHERE EXISTS (SELECT 1 FROM price_daily p WHERE p.asset_id = s.asset_id AND p.source = s.source);

-- Days that were asked for and got no answer. While sessions of them lack a bar they are asked for again, for 30 days
-- after they were lost first.
CREATE TABLE lost_part (
    asset_id   TEXT NOT NULL,
    source     TEXT NOT NULL,
    start_date TEXT NOT NULL,
    end_date   TEXT NOT NULL,
    lost_at    TEXT NOT NULL,
    PRIMARY KEY (asset_id, source, start_date, end_date)
) WITHOUT ROWID;

-- The run that had brought the old values (job_id is the one that replaced them). In price_daily job_id is from now on the
-- run that brought the values, not one that only found them again.
ALTER TABLE price_revision ADD COLUMN brought_by TEXT;
