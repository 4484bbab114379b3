-- The warehouse as owners of the Python collector have it, with rows of their own.
CREATE TABLE asset_master (
    asset_id varchar(20) PRIMARY KEY,
    name varchar(100) NOT NULL,
    category varchar(20) NOT NULL,
    source_priority json NOT NULL,
    is_active boolean,
    currency varchar(8) NOT NULL DEFAULT 'KRW',
    annual_yield numeric(6, 4) NOT NULL DEFAULT 0,
    history_start_date date,
    allow_padding boolean NOT NULL DEFAULT false,
    display_name varchar(64)
);
CREATE TABLE price_daily (
    asset_id varchar(20), date date, source varchar(20),
    open double precision NOT NULL, high double precision NOT NULL, low double precision NOT NULL, close double precision NOT NULL,
    volume bigint NOT NULL,
    ingested_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (asset_id, date, source)
);
CREATE INDEX ON price_daily (asset_id, date DESC);
CREATE TABLE job_run (
    job_id uuid PRIMARY KEY, job_name varchar(100) NOT NULL, started_at timestamptz NOT NULL, ended_at timestamptz,
    status varchar(20) NOT NULL, error_message text
);
-- An owner's rows: names, a switched-off asset and source lists of their own, one of them no list.
INSERT INTO asset_master (asset_id, name, category, source_priority, is_active, currency) VALUES
    ('005930', '삼성전자(내 이름)', 'stock', '["fdr", "hantoo"]', true, 'KRW'),
    ('SOXL', 'SOXL', 'etf', '["fdr"]', false, 'USD'),
    ('KS200', 'KOSPI200', 'index', '{"fdr": 1}', true, 'KRW');
-- Rows of the old collector beside which ours will stand.
INSERT INTO price_daily VALUES
    ('005930', '2026-01-22', 'fdr', 155000, 157000, 150800, 152300, 32073624, '2026-01-22 09:00+00'),
    ('005930', '2026-01-23', 'fdr', 154700, 156000, 150100, 152100, 25195543, '2026-01-23 09:00+00');
