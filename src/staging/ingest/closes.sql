-- The closes of a series that reveal a step: those in a window, the one before it and the one after it.
SELECT date, high, low, close, is_final
FROM price_daily
WHERE asset_id = ?1 AND source = ?2
  AND date >= coalesce((SELECT max(date) FROM price_daily WHERE asset_id = ?1 AND source = ?2 AND date < ?3), ?3)
  AND date <= coalesce((SELECT min(date) FROM price_daily WHERE asset_id = ?1 AND source = ?2 AND date > ?4), ?4)
ORDER BY date
