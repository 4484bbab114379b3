-- An asset's bars as known at a time: fetched by then, and not yet replaced.
SELECT date, source, known_since, brought_by, NULL, NULL, NULL, {values}
FROM (
    SELECT date, source, {values}, coalesce(nullif(known_since, ''), ingested_at) AS known_since, brought_by
    FROM price_revision
    WHERE asset_id = ?1 AND replaced_at > ?3
    UNION ALL
    SELECT date, source, {values}, coalesce(nullif(known_since, ''), ingested_at), job_id
    FROM price_daily
    WHERE asset_id = ?1
)
WHERE known_since <= ?3 AND (?2 IS NULL OR date = ?2)
ORDER BY date, source
