-- Facts about these tables that inserting nothing does not reveal. $1: the required tables
SELECT name,
       c.relpersistence = 'u',
       -- Commands for which row level security allows this user no row: it denies what no policy allows.
       CASE WHEN row_security_active(c.oid) THEN ARRAY(
           SELECT command.name
           FROM (VALUES ('a', 'INSERT'), ('r', 'SELECT'), ('w', 'UPDATE')) AS command (letter, name)
           WHERE NOT EXISTS (
               SELECT FROM pg_policy
               WHERE polrelid = c.oid AND polpermissive AND polcmd::text IN ('*', command.letter)
                 AND EXISTS (
                     SELECT FROM UNNEST(polroles) AS role (oid)
                     WHERE role.oid = 0 OR pg_has_role(role.oid, 'USAGE')
                 )
           )
       ) END,
       -- Triggers and rules that may change or drop a row.
       ARRAY(
           SELECT tgname::text
           FROM pg_trigger
           WHERE tgrelid = c.oid AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & 3 = 3
           ORDER BY tgname
       ),
       EXISTS (
           SELECT FROM pg_partitioned_table AS p
           -- PostgreSQL 10 has no default partitions.
           WHERE partrelid = c.oid AND partstrat IN ('r', 'l') AND coalesce(to_jsonb(p)->>'partdefid', '0') = '0'
       ),
       EXISTS (
           SELECT FROM pg_publication_tables
           JOIN pg_publication USING (pubname)
           WHERE pubupdate AND schemaname = n.nspname AND tablename = c.relname
       ) AND NOT CASE c.relreplident
           WHEN 'f' THEN true
           WHEN 'd' THEN EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)
           WHEN 'i' THEN EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisreplident)
           ELSE false
       END,
       has_table_privilege(c.oid, 'DELETE'),
       -- Constraints that may reject a row. The assets are sent before the bars.
       ARRAY(
           SELECT conname::text
           FROM pg_constraint
           WHERE conrelid = c.oid
             AND (contype = 'c' OR contype = 'f' AND confrelid IS DISTINCT FROM to_regclass('asset_master'))
           ORDER BY conname
       )
FROM UNNEST($1::text[]) AS name
JOIN pg_class c ON c.oid = to_regclass(name)
JOIN pg_namespace n ON n.oid = c.relnamespace
