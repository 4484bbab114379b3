-- Daily bars; dashboards rely on the key and the types.
CREATE TABLE IF NOT EXISTS price_daily (
    asset_id    varchar(20)      NOT NULL,
    date        date             NOT NULL,
    source      varchar(20)      NOT NULL,
    open        double precision NOT NULL,
    high        double precision NOT NULL,
    low         double precision NOT NULL,
    close       double precision NOT NULL,
    volume      bigint           NOT NULL,
    ingested_at timestamptz      NOT NULL DEFAULT now(),
    PRIMARY KEY (asset_id, date, source)
);
CREATE INDEX IF NOT EXISTS price_daily_asset_id_date ON price_daily (asset_id, date DESC);
CREATE INDEX IF NOT EXISTS price_daily_date ON price_daily (date);
