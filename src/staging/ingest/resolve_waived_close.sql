-- A day on which an exchange was probably closed (rule ?4) is settled when it is waived for all active assets of its
-- calendar.
UPDATE finding
SET resolved_at = ?3
WHERE asset_id = (SELECT calendar FROM asset_master WHERE asset_id = ?1)
  AND source = '' AND date = ?2 AND rule = ?4 AND resolved_at IS NULL
  AND NOT EXISTS (
      SELECT 1
      FROM asset_master m
      WHERE m.calendar = finding.asset_id AND m.is_active = 1
        AND NOT EXISTS (SELECT 1 FROM waiver w WHERE w.asset_id = m.asset_id AND w.date = ?2)
  )
