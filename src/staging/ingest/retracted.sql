-- The values that the owner refused of a series.
SELECT date, {values}
FROM retraction
WHERE asset_id = ?1 AND source = ?2
