-- The values of a series that the owner refused.
SELECT date, {values}
FROM retraction
WHERE asset_id = ?1 AND source = ?2
