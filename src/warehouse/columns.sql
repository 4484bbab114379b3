-- The columns of a table or view on the search path: name, type, whether an insert must name them, and their maximum
-- length. A domain counts as its base type (two levels deep), a time that is rounded as another type.
SELECT a.attname::text,
       coalesce(innermost.typname, inner_type.typname, own.typname)::text
           || CASE WHEN length.modifier BETWEEN 0 AND 5
                    AND 'timestamptz'::regtype IN (own.oid, inner_type.oid, innermost.oid)
                   THEN '(' || length.modifier || ')' ELSE '' END,
       (a.attnotnull OR own.typnotnull) AND NOT a.atthasdef AND own.typdefault IS NULL AND a.attidentity = ''
           -- It may provide a value.
           AND NOT EXISTS (
               SELECT FROM pg_trigger
               WHERE tgrelid = a.attrelid AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 7 = 7
           ),
       CASE WHEN length.modifier > 4
             AND ('varchar'::regtype IN (own.oid, inner_type.oid, innermost.oid)
                  OR 'bpchar'::regtype IN (own.oid, inner_type.oid, innermost.oid))
            THEN length.modifier - 4 END
FROM pg_attribute a
JOIN pg_type own ON own.oid = a.atttypid
LEFT JOIN pg_type inner_type ON inner_type.oid = own.typbasetype
LEFT JOIN pg_type innermost ON innermost.oid = inner_type.typbasetype
CROSS JOIN LATERAL (
    SELECT greatest(a.atttypmod, own.typtypmod, inner_type.typtypmod) AS modifier
) AS length
WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
