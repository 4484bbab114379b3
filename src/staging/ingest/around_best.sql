-- The close before a day (?2), and close, low and volume of the first bar on or after it, from an asset's best prices.
SELECT b.close, a.close, a.low, a.volume
FROM (SELECT close FROM best_price WHERE asset_id = ?1 AND date < ?2 ORDER BY date DESC LIMIT 1) b,
     (SELECT close, low, volume FROM best_price WHERE asset_id = ?1 AND date >= ?2 ORDER BY date LIMIT 1) a
WHERE ?3 IS NOT NULL
