-- The view of one price in the schema $1: whether the schema exists, what has the view's name there (relkind), and
-- whether that is a view that we created.
SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1::text),
       c.relkind::text,
       coalesce(obj_description(c.oid, 'pg_class') LIKE 'pricestash: %', false)
FROM (VALUES (1)) AS one (row)
LEFT JOIN pg_class c ON c.relname = 'price_daily' AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1::text)
