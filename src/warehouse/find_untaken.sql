-- Which of these rows, all of which were sent and none refused, the warehouse does not have (by their place, from 1), and why:
-- one that is not there, or is there with an older ingest time, was dropped by a trigger or a rule; before one whose ingest time
-- lies in the future by the warehouse's own clock nothing comes until that time has come: a machine's clock was wrong. And where
-- a row of another key stands, the table's collation takes both keys for one.
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
    -- The row itself where it stands beside the other: an index may compare otherwise than its columns.
    ORDER BY asset_id::text = sent.asset_id COLLATE "C" AND source::text = sent.source COLLATE "C" DESC
    LIMIT 1
) AS stored ON true
WHERE stored.asset_id IS NULL
   OR stored.ingested_at < sent.ingested_at
   OR stored.ingested_at > greatest(sent.ingested_at, now() + interval '5 minutes')
   OR stored.asset_id::text <> sent.asset_id COLLATE "C"
   OR stored.source::text <> sent.source COLLATE "C"
