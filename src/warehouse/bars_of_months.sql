-- The rows of these months: assets, sources, and first days of the months. An infinite time becomes the latest one that
-- can be represented.
SELECT month.place, p.date, least(greatest(p.ingested_at, '1900-01-01 00:00:00+00'), '9999-12-31 00:00:00+00'), {values: p.COLUMN}
FROM UNNEST($1::text[], $2::text[], $3::date[]) WITH ORDINALITY AS month (asset_id, source, first_day, place)
JOIN price_daily p
    ON p.asset_id = month.asset_id AND p.source = month.source
    AND p.date >= month.first_day AND p.date < month.first_day + interval '1 month'
ORDER BY month.place, p.date
