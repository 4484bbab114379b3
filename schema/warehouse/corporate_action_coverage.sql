-- The days for which a source has listed all dividends and splits of an asset; without a row nothing is known.
CREATE TABLE IF NOT EXISTS corporate_action_coverage (
    asset_id   varchar(20) NOT NULL,
    source     varchar(20) NOT NULL,
    first_date date        NOT NULL,
    last_date  date        NOT NULL,
    told_at    timestamptz NOT NULL,
    PRIMARY KEY (asset_id, source)
);
