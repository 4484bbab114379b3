-- Closes the open findings of a series that a run has judged and not seen again (a finding that it saw has its job_id).
-- Sessions without a bar are judged elsewhere; a change of scale is over when a run meets none.
UPDATE finding
SET resolved_at = ?1
WHERE asset_id = ?2 AND source = ?3 AND resolved_at IS NULL AND job_id IS NOT ?8
  AND CASE rule
      WHEN 'date_gap' THEN 0
      WHEN 'rebased' THEN NOT ?7
      WHEN 'price_jump' THEN date BETWEEN ?4 AND ?6
      ELSE date BETWEEN ?4 AND ?5
  END
