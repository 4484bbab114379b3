-- The rows among these, all sent and none rejected, that the warehouse does not have (by position, from 1), and why. A
-- row that is missing, or has an older ingest time, was dropped by a trigger or a rule. A row whose stored ingest time
-- is in the future by the warehouse's own clock cannot be replaced until then: a machine's clock was wrong. If a row
-- with another key is in its place, the table's collation treats both keys as equal.
SELECT sent.place,
       stored.asset_id IS NOT NULL AS is_there,
       coalesce(stored.ingested_at > sent.ingested_at, false) AS is_newer,
       CASE
           WHEN stored.asset_id::text <> sent.asset_id COLLATE "C" OR stored.source::text <> sent.source COLLATE "C"
           THEN stored.asset_id::text || ' from ' || stored.source::text
       END AS instead
FROM UNNEST($1::text[], $2::date[], $3::text[], $4::timestamptz[])
    WITH ORDINALITY AS sent (asset_id, date, source, ingested_at, place)
LEFT JOIN LATERAL (
    SELECT asset_id, source, ingested_at
    FROM price_daily
    WHERE asset_id = sent.asset_id AND date = sent.date AND source = sent.source
    -- The row itself, if it exists beside the other: an index may compare differently than its columns.
    ORDER BY asset_id::text = sent.asset_id COLLATE "C" AND source::text = sent.source COLLATE "C" DESC
    LIMIT 1
) AS stored ON true
WHERE stored.asset_id IS NULL
   OR stored.ingested_at < sent.ingested_at
   OR stored.ingested_at > greatest(sent.ingested_at, now() + interval '5 minutes')
   OR stored.asset_id::text <> sent.asset_id COLLATE "C"
   OR stored.source::text <> sent.source COLLATE "C"
