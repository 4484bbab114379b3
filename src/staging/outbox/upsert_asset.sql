-- Writes an asset; its revision rises only if something changed, so that an unchanged one is not sent again.
INSERT INTO asset_master (asset_id, name, category, calendar, currency, source_priority, is_active)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (asset_id) DO UPDATE
SET name = excluded.name,
    category = excluded.category,
    calendar = excluded.calendar,
    currency = excluded.currency,
    source_priority = excluded.source_priority,
    is_active = excluded.is_active,
    revision = asset_master.revision + 1
WHERE (name, category, calendar, currency, source_priority, is_active)
    IS NOT (excluded.name, excluded.category, excluded.calendar, excluded.currency, excluded.source_priority, excluded.is_active)
