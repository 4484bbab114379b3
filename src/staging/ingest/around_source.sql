-- The close before a day (?2), and close, low and volume of the first bar on or after it, from one source (?3).
SELECT b.close, a.close, a.low, a.volume
FROM (SELECT close FROM price_daily WHERE asset_id = ?1 AND source = ?3 AND date < ?2 ORDER BY date DESC LIMIT 1) b,
     (SELECT close, low, volume FROM price_daily WHERE asset_id = ?1 AND source = ?3 AND date >= ?2 ORDER BY date LIMIT 1) a
