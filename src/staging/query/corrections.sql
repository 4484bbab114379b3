-- The replaced bars of an asset, newest first: the values before, and those after, which are the ones replaced next or
-- the current ones.
SELECT r.date, r.source, r.is_final, r.replaced_at, r.job_id,
       {values: r.COLUMN},
       {values: iif(r.is_last, p.COLUMN, r.next_COLUMN)}
FROM (
    SELECT *, {values: lead(COLUMN) OVER later AS next_COLUMN},
           lead(date) OVER later IS NULL AS is_last
    FROM price_revision
    WHERE asset_id = ?1
    WINDOW later AS (PARTITION BY date, source ORDER BY replaced_at, rowid)
) r
LEFT JOIN price_daily p ON p.asset_id = r.asset_id AND p.date = r.date AND p.source = r.source
ORDER BY r.replaced_at DESC, r.date DESC, r.source
