-- Writes a source of an asset, unless it is stored unchanged.
INSERT INTO asset_source (asset_id, source, priority, symbol, currency, own_currency)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (asset_id, source) DO UPDATE
SET priority = excluded.priority,
    symbol = excluded.symbol,
    currency = excluded.currency,
    own_currency = excluded.own_currency
WHERE (priority, symbol, currency, own_currency) IS NOT (excluded.priority, excluded.symbol, excluded.currency, excluded.own_currency)
