-- Dividends, splits and distributed capital gains as the sources list them; left_out says why one counts in no factor.
CREATE TABLE IF NOT EXISTS corporate_action (
    asset_id    varchar(20) NOT NULL,
    source      varchar(20) NOT NULL,
    date        date        NOT NULL,
    kind        varchar(20) NOT NULL,
    amount      double precision,
    numerator   double precision,
    denominator double precision,
    currency    text,
    left_out    text,
    ingested_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (asset_id, source, date, kind)
);
