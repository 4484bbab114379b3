-- Every asset of the file with its sources in order: those of the last collect, and those that only have bars. The
-- nested query steps from one asset to the next along the key instead of reading every bar.
WITH RECURSIVE priced (asset_id) AS (
    SELECT min(asset_id) FROM price_daily
    UNION ALL
    SELECT (SELECT min(p.asset_id) FROM price_daily p WHERE p.asset_id > priced.asset_id)
    FROM priced
    WHERE priced.asset_id IS NOT NULL
), known AS (
    SELECT asset_id FROM priced WHERE asset_id IS NOT NULL
    UNION
    SELECT asset_id FROM asset_master
)
SELECT k.asset_id, m.name, m.category, m.calendar, m.currency, s.source,
       -- Bars keep the currency in which they were fetched, whatever assets.toml says since.
       coalesce(e.currency, s.currency), s.own_currency AND coalesce(e.currency, m.currency) = m.currency,
       s.symbol
FROM known k
LEFT JOIN asset_master m ON m.asset_id = k.asset_id
LEFT JOIN asset_source s ON s.asset_id = k.asset_id
LEFT JOIN series e ON e.asset_id = s.asset_id AND e.source = s.source
ORDER BY k.asset_id, s.priority, s.source
