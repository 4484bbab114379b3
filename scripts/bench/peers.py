"""What others take for the same: bars of a staging file into price_daily, newest ingest wins. Started by sync.py
with the interpreter that has the packages: peers.py duckdb|sqlalchemy|sling FILE, the warehouse in BENCH_URL."""

import os
import sys

COLUMNS = ["asset_id", "date", "source", "open", "high", "low", "close", "volume", "ingested_at"]
KEY = COLUMNS[:3]


def by_duckdb(file, url):
    import duckdb
    from duckdb_extensions import import_extension

    for extension in ("sqlite_scanner", "postgres_scanner"):
        import_extension(extension)
    database = duckdb.connect()
    for extension in ("sqlite_scanner", "postgres_scanner"):
        database.execute(f"LOAD {extension}")
    database.execute(f"ATTACH '{file}' AS staging (TYPE sqlite)")
    database.execute(f"ATTACH '{url}' AS warehouse (TYPE postgres)")
    # It has no ON CONFLICT for PostgreSQL: into a table beside, and from there by a statement of PostgreSQL's own.
    columns = "asset_id, date::date AS date, source, open, high, low, close, volume, ingested_at::timestamptz AS ingested_at"
    database.execute("CALL postgres_execute('warehouse', 'CREATE TABLE bench_beside (LIKE price_daily)')")
    database.execute(f"INSERT INTO warehouse.bench_beside SELECT {columns} FROM staging.price_daily")
    database.execute(f"CALL postgres_execute('warehouse', '{upsert()} ; DROP TABLE bench_beside')")


def upsert():
    names = ", ".join(COLUMNS)
    changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in COLUMNS if name not in KEY)
    return (f"INSERT INTO price_daily ({names}) SELECT {names} FROM bench_beside ON CONFLICT ({', '.join(KEY)}) DO UPDATE "
            f"SET {changes} WHERE price_daily.ingested_at <= EXCLUDED.ingested_at")


def by_sqlalchemy(file, url):
    import sqlite3

    from sqlalchemy import MetaData, Table, create_engine
    from sqlalchemy.dialects.postgresql import insert

    engine = create_engine(url.replace("postgres://", "postgresql+psycopg://", 1).replace("postgresql://", "postgresql+psycopg://", 1))
    table = Table("price_daily", MetaData(), autoload_with=engine)
    statement = insert(table)
    new = {name: statement.excluded[name] for name in COLUMNS if name not in KEY}
    statement = statement.on_conflict_do_update(index_elements=KEY, set_=new, where=table.c.ingested_at <= statement.excluded.ingested_at)
    rows = sqlite3.connect(file).execute(f"SELECT {', '.join(COLUMNS)} FROM price_daily ORDER BY 1, 2, 3")
    while chunk := rows.fetchmany(1000):
        with engine.begin() as connection:
            connection.execute(statement, [dict(zip(COLUMNS, row)) for row in chunk])


def by_sling(file, url):
    import subprocess
    from pathlib import Path

    import sling_linux_amd64

    program = Path(sling_linux_amd64.__file__).parent / "bin" / "sling-linux-amd64"
    program.chmod(0o755)
    rows = f"SELECT {', '.join(COLUMNS)} FROM price_daily WHERE {{incremental_where_cond}}"
    join = "&" if "?" in url else "?"
    target = url if "sslmode" in url else f"{url}{join}sslmode=disable"
    subprocess.run([program, "run", "--src-conn", f"sqlite://{file}", "--src-stream", rows, "--tgt-conn", target,
                    "--tgt-object", "public.price_daily", "--mode", "incremental", "--primary-key", ",".join(KEY), "--update-key", "ingested_at"],
                   stdout=subprocess.DEVNULL, check=True)


{"duckdb": by_duckdb, "sqlalchemy": by_sqlalchemy, "sling": by_sling}[sys.argv[1]](sys.argv[2], os.environ["BENCH_URL"])
