-- An asset for which two sources share days, the number of days, and the number of such assets, if others read the
-- table: another role may read it, or there are assets of others. No row if the view of one price was created for them.
SELECT asset_id::text, count(*), count(*) OVER ()
FROM (
    SELECT asset_id
    FROM price_daily
    WHERE (
            EXISTS (
                SELECT
                FROM pg_class AS c
                CROSS JOIN aclexplode(c.relacl) AS granted
                WHERE c.oid = to_regclass('price_daily') AND granted.privilege_type = 'SELECT'
                  AND granted.grantee NOT IN (c.relowner, (SELECT oid FROM pg_roles WHERE rolname = current_user))
            )
            OR EXISTS (
                SELECT FROM asset_master AS m
                WHERE NOT EXISTS (SELECT FROM asset_source AS s WHERE s.asset_id = m.asset_id AND s.writes_master)
            )
        )
      AND NOT EXISTS (
          SELECT FROM pg_class AS v
          WHERE v.relkind = 'v' AND v.relname = 'price_daily' AND obj_description(v.oid, 'pg_class') LIKE 'pricestash: %'
      )
    GROUP BY asset_id, date
    HAVING count(*) > 1
) AS day
GROUP BY asset_id
ORDER BY count(*) DESC, asset_id
LIMIT 1
