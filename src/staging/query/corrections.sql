-- What replaced bars of an asset, newest first: the values before, and those after, which are the ones that were replaced
-- next or those that hold now.
SELECT r.date, r.source, r.is_final, r.replaced_at, r.job_id, r.open, r.high, r.low, r.close, r.volume,
       iif(r.is_last, p.open, r.next_open), iif(r.is_last, p.high, r.next_high), iif(r.is_last, p.low, r.next_low),
       iif(r.is_last, p.close, r.next_close), iif(r.is_last, p.volume, r.next_volume)
FROM (
    SELECT *, lead(open) OVER later AS next_open, lead(high) OVER later AS next_high, lead(low) OVER later AS next_low,
           lead(close) OVER later AS next_close, lead(volume) OVER later AS next_volume,
           lead(date) OVER later IS NULL AS is_last
    FROM price_revision
    WHERE asset_id = ?1
    WINDOW later AS (PARTITION BY date, source ORDER BY replaced_at, rowid)
) r
LEFT JOIN price_daily p ON p.asset_id = r.asset_id AND p.date = r.date AND p.source = r.source
ORDER BY r.replaced_at DESC, r.date DESC, r.source
