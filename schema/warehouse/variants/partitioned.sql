-- A variant of price_daily for many rows: hash-partitioned by asset_id; apply it before the first sync. An asset's rows
-- are in one partition, so the key finds them as before; vacuum and indexes work on an eighth each.
CREATE TABLE price_daily (
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
) PARTITION BY HASH (asset_id);
CREATE TABLE price_daily_0 PARTITION OF price_daily FOR VALUES WITH (MODULUS 8, REMAINDER 0);
CREATE TABLE price_daily_1 PARTITION OF price_daily FOR VALUES WITH (MODULUS 8, REMAINDER 1);
CREATE TABLE price_daily_2 PARTITION OF price_daily FOR VALUES WITH (MODULUS 8, REMAINDER 2);
CREATE TABLE price_daily_3 PARTITION OF price_daily FOR VALUES WITH (MODULUS 8, REMAINDER 3);
CREATE TABLE price_daily_4 PARTITION OF price_daily FOR VALUES WITH (MODULUS 8, REMAINDER 4);
CREATE TABLE price_daily_5 PARTITION OF price_daily FOR VALUES WITH (MODULUS 8, REMAINDER 5);
CREATE TABLE price_daily_6 PARTITION OF price_daily FOR VALUES WITH (MODULUS 8, REMAINDER 6);
CREATE TABLE price_daily_7 PARTITION OF price_daily FOR VALUES WITH (MODULUS 8, REMAINDER 7);
CREATE INDEX price_daily_asset_id_date ON price_daily (asset_id, date DESC);
CREATE INDEX price_daily_date ON price_daily (date);
