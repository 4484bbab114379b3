-- The months of these assets, each with the checksum of its rows: exact values, in the bytes of PostgreSQL's binary
-- format.
SELECT asset_id::text,
       source::text,
       (extract(year FROM date) * 12 + extract(month FROM date) - 1)::int,
       count(*),
       substr(
           sha256(
               string_agg(
                   date_send(date) || {values ||: TYPEsend(COLUMN)} || timestamptz_send(ingested_at),
                   ''::bytea
                   ORDER BY date
               )
           ),
           1, 16
       )
FROM price_daily
WHERE asset_id = ANY ($1::text[]) AND isfinite(date)
GROUP BY 1, 2, 3
