-- Shapes of a database for shapes.rs: name, who connects, the exit code of `sync`, the worst word of `doctor` (?: it depends on
-- the server's version; tried with 11, 12, 15 and 18); below it what is done before. {tables}: our tables; {bars}: the table of
-- the bars without its end; {role}: the role; {grants}: what it needs.

-- nothing | owner | 0 | OK

-- nothing, and no right to create | role | 1 | FAIL
REVOKE CREATE ON SCHEMA public FROM public;

-- nothing, and a right to create | role | 0 | OK
GRANT CREATE ON SCHEMA public TO {role};

-- a search_path to nowhere | owner | 1 | FAIL
ALTER DATABASE {database} SET search_path = nowhere;

-- a server that only reads | owner | 1 | FAIL
{tables}
ALTER DATABASE {database} SET default_transaction_read_only = on;

-- our tables | owner | 0 | OK
{tables}

-- an updatable view | owner | 0 | OK
{tables}
ALTER TABLE price_daily RENAME TO bars;
CREATE VIEW price_daily AS SELECT * FROM bars;

-- a view of two tables | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily RENAME TO bars;
CREATE VIEW price_daily AS SELECT * FROM bars UNION ALL SELECT * FROM bars;

-- a view without a column | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily RENAME TO bars;
CREATE VIEW price_daily AS SELECT asset_id, date, source, open, high, low, close, ingested_at FROM bars;

-- a view of a table without the key | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily RENAME TO bars;
ALTER TABLE bars DROP CONSTRAINT price_daily_pkey;
CREATE VIEW price_daily AS SELECT * FROM bars;

-- a materialized view | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily RENAME TO bars;
CREATE MATERIALIZED VIEW price_daily AS SELECT * FROM bars;

-- columns of domains | owner | 0 | OK
{tables}
CREATE DOMAIN price AS float8 CHECK (value > 0);
ALTER TABLE price_daily ALTER open TYPE price, ALTER close TYPE price;

-- columns of domains of domains | owner | 0 | OK
{tables}
CREATE DOMAIN number AS float8;
CREATE DOMAIN price AS number;
ALTER TABLE price_daily ALTER close TYPE price;

-- a domain that changes values | owner | 1 | FAIL
{tables}
CREATE DOMAIN price AS real;
ALTER TABLE price_daily ALTER close TYPE price;

-- volume as integer | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily ALTER volume TYPE integer;

-- close as real | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily ALTER close TYPE real;

-- close as numeric | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily ALTER close TYPE numeric(12, 4);

-- ingested_at without a zone | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily ALTER ingested_at TYPE timestamp;

-- ingested_at in whole seconds | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily ALTER ingested_at TYPE timestamptz(0);

-- a key of char | owner | 0 | OK
{tables}
ALTER TABLE price_daily ALTER asset_id TYPE char(20);

-- source_priority as jsonb | owner | 0 | OK
{tables}
ALTER TABLE asset_master ALTER source_priority TYPE jsonb;

-- is_active as integer | owner | 1 | FAIL
{tables}
ALTER TABLE asset_master ALTER is_active DROP DEFAULT, ALTER is_active TYPE integer USING 1;

-- an asset_id too short for one asset | owner | 3 | WARN
{tables}
ALTER TABLE price_daily ALTER asset_id TYPE varchar(6);

-- a name too short | owner | 3 | WARN
{tables}
ALTER TABLE asset_master ALTER name TYPE varchar(3);

-- a status too short | owner | 0 | WARN
{tables}
ALTER TABLE job_run ALTER status TYPE varchar(5);

-- a column missing | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily DROP volume;

-- a foreign column that wants a value | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily ADD note text NOT NULL;

-- a foreign column with a default | owner | 0 | OK
{tables}
ALTER TABLE price_daily ADD note text NOT NULL DEFAULT '';

-- a foreign column that a trigger fills | owner | 0 | WARN
{tables}
ALTER TABLE price_daily ADD note text NOT NULL;
CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := 1; RETURN NEW; END';
CREATE TRIGGER fill BEFORE INSERT ON price_daily FOR EACH ROW EXECUTE FUNCTION fill();

-- a column that takes no value | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily DROP volume, ADD volume bigint GENERATED ALWAYS AS IDENTITY;

-- no key | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily DROP CONSTRAINT price_daily_pkey;

-- a unique index in its place | owner | 0 | OK
{tables}
ALTER TABLE price_daily DROP CONSTRAINT price_daily_pkey;
CREATE UNIQUE INDEX ON price_daily (source, date, asset_id);

-- a unique index of some rows | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily DROP CONSTRAINT price_daily_pkey;
CREATE UNIQUE INDEX ON price_daily (source, date, asset_id) WHERE volume > 0;

-- a key that is checked at the end | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily DROP CONSTRAINT price_daily_pkey, ADD UNIQUE (asset_id, date, source) DEFERRABLE;

-- a key with further columns | owner | 0 | OK
{tables}
ALTER TABLE price_daily DROP CONSTRAINT price_daily_pkey, ADD PRIMARY KEY (asset_id, date, source) INCLUDE (close);

-- a key and another one | owner | 0 | OK
{tables}
CREATE UNIQUE INDEX ON price_daily (date, asset_id, source, volume);

-- a rule | owner | 1 | FAIL
{tables}
CREATE RULE also AS ON INSERT TO price_daily DO ALSO SELECT 1;

-- a trigger that drops rows | owner | 3 | WARN
{tables}
CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.volume = 1 THEN RETURN NULL; END IF; RETURN NEW; END';
CREATE TRIGGER lose BEFORE INSERT ON price_daily FOR EACH ROW EXECUTE FUNCTION lose();

-- a trigger that only looks | owner | 0 | OK
{tables}
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER look AFTER INSERT ON price_daily FOR EACH ROW EXECUTE FUNCTION look();

-- a foreign key to the assets | owner | 0 | OK
{tables}
ALTER TABLE price_daily ADD FOREIGN KEY (asset_id) REFERENCES asset_master;

-- unlogged | owner | 0 | WARN
{tables}
ALTER TABLE price_daily SET UNLOGGED;

-- partitions without one for the rows | owner | 3 | WARN
{bars} PARTITION BY RANGE (date);
CREATE TABLE p PARTITION OF price_daily FOR VALUES FROM ('2020-01-01') TO ('2020-01-03');

-- partitions with a default one | owner | 0 | OK
{bars} PARTITION BY RANGE (date);
CREATE TABLE p PARTITION OF price_daily DEFAULT;

-- partitions by a hash | owner | 0 | OK
{bars} PARTITION BY HASH (asset_id);
CREATE TABLE p PARTITION OF price_daily FOR VALUES WITH (MODULUS 1, REMAINDER 0);

-- published with a key | owner | 0 | OK
{tables}
CREATE PUBLICATION p FOR TABLE price_daily;

-- published without an identity | owner | ?
{tables}
ALTER TABLE price_daily DROP CONSTRAINT price_daily_pkey;
CREATE UNIQUE INDEX ON price_daily (source, date, asset_id);
CREATE PUBLICATION p FOR TABLE price_daily;

-- rights on the tables | role | 0 | OK
{tables}
{grants}

-- rights on columns | role | 0 | OK
{tables}
GRANT SELECT, INSERT, UPDATE ON asset_master, job_run TO {role};
GRANT SELECT (asset_id, date, source, open, high, low, close, volume, ingested_at), INSERT (asset_id, date, source, open, high, low, close, volume, ingested_at), UPDATE (open, high, low, close, volume, ingested_at) ON price_daily TO {role};

-- no right to update | role | 1 | FAIL
{tables}
GRANT SELECT, INSERT, UPDATE ON asset_master, job_run TO {role};
GRANT SELECT, INSERT ON price_daily TO {role};

-- no right to read | role | 1 | FAIL
{tables}
GRANT SELECT, INSERT, UPDATE ON asset_master, job_run TO {role};
GRANT UPDATE, INSERT ON price_daily TO {role};

-- no right on the schema | role | 1 | FAIL
{tables}
{grants}
REVOKE USAGE ON SCHEMA public FROM public;

-- no right on the assets | role | 1 | FAIL
{tables}
GRANT SELECT, INSERT, UPDATE ON price_daily, job_run TO {role};

-- no right on the runs | role | 0 | WARN
{tables}
GRANT SELECT, INSERT, UPDATE ON price_daily, asset_master TO {role};

-- no runs, and no right to create | role | 0 | WARN
{tables}
DROP TABLE job_run;
GRANT SELECT, INSERT, UPDATE ON price_daily, asset_master TO {role};
REVOKE CREATE ON SCHEMA public FROM public;

-- no right to the identifier | role | 0 | OK
{tables}
{grants}
REVOKE EXECUTE ON FUNCTION pg_control_system() FROM public;

-- row level security without a policy | role | 1 | FAIL
{tables}
{grants}
ALTER TABLE price_daily ENABLE ROW LEVEL SECURITY;

-- row level security with a policy for reading | role | 1 | FAIL
{tables}
{grants}
ALTER TABLE price_daily ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON price_daily FOR SELECT USING (true);

-- row level security with a policy of others | role | 1 | FAIL
{tables}
{grants}
ALTER TABLE price_daily ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON price_daily TO pg_monitor USING (true);

-- row level security with a policy for all | role | 0 | WARN
{tables}
{grants}
ALTER TABLE price_daily ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON price_daily USING (true);

-- row level security for the owner | owner | 0 | OK
{tables}
ALTER TABLE price_daily ENABLE ROW LEVEL SECURITY;

-- row level security on the runs | role | 0 | WARN
{tables}
{grants}
ALTER TABLE job_run ENABLE ROW LEVEL SECURITY;

-- row level security that is not to be met | role | 1 | FAIL
{tables}
{grants}
ALTER TABLE price_daily ENABLE ROW LEVEL SECURITY;
ALTER DATABASE {database} SET row_security = off;

-- serializable transactions | owner | 0 | OK
ALTER DATABASE {database} SET default_transaction_isolation = serializable;

-- strings with backslashes | owner | 0 | OK
ALTER DATABASE {database} SET standard_conforming_strings = off;

-- a schema of the role's name | role | 0 | OK
CREATE SCHEMA AUTHORIZATION {role};

-- an event trigger against new tables | owner | 1 | FAIL
CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
CREATE EVENT TRIGGER no ON ddl_command_start EXECUTE FUNCTION no();

-- a foreign column of the assets that wants a value | owner | 1 | FAIL
{tables}
ALTER TABLE asset_master ADD note text NOT NULL;

-- a foreign column of the runs that wants a value | owner | 0 | WARN
{tables}
ALTER TABLE job_run ADD note text NOT NULL;

-- asset_id as integer | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily ALTER asset_id TYPE integer USING 1;

-- date as timestamp | owner | 1 | FAIL
{tables}
ALTER TABLE price_daily ALTER date TYPE timestamp;

-- a table with a child | owner | 0 | OK
{tables}
CREATE TABLE child () INHERITS (price_daily);

-- a trigger that is off | owner | 0 | OK
{tables}
CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER lose BEFORE INSERT ON price_daily FOR EACH ROW EXECUTE FUNCTION lose();
ALTER TABLE price_daily DISABLE TRIGGER lose;

-- a constraint that refuses nothing | owner | 0 | OK
{tables}
ALTER TABLE price_daily ADD CHECK (high >= low);

-- no bars, and runs that want a value | owner | 0 | WARN
{tables}
DROP TABLE price_daily;
ALTER TABLE job_run ADD note text NOT NULL;
