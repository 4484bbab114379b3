-- Whether a table has a unique index on exactly these columns (sorted by name), so that ON CONFLICT finds it. For a
-- view this depends on the table behind it.
SELECT EXISTS (
    SELECT FROM pg_class WHERE oid = to_regclass($1::text) AND relkind = 'v'
) OR EXISTS (
    SELECT 1
    FROM pg_index i
    WHERE i.indrelid = to_regclass($1::text)
      AND i.indisunique AND i.indimmediate AND i.indisvalid
      AND i.indpred IS NULL AND i.indexprs IS NULL
      AND (
          SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C")
          FROM pg_attribute a
          -- In PostgreSQL 10 an index has key columns only.
          WHERE a.attrelid = i.indrelid
            AND a.attnum = ANY (i.indkey[0:coalesce((to_jsonb(i)->>'indnkeyatts')::int, i.indnatts) - 1])
      ) = $2::text[]
)
