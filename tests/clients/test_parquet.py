"""Tables over S3: DuckDB writes Parquet in parts, finds it by listing, and reads of it what a question needs."""
import importlib.util
import re
from pathlib import Path

import pytest

ROWS = 400_000


@pytest.fixture
def sql(brume):
    """sql(text) -> rows, by a DuckDB whose S3 is brume."""
    if not importlib.util.find_spec("duckdb") or not importlib.util.find_spec("duckdb_ext"):
        pytest.skip("duckdb or its httpfs is not installed")
    import duckdb
    folder = Path(next(iter(importlib.util.find_spec("duckdb_ext").submodule_search_locations)))
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    connection.execute(f"LOAD '{next(folder.rglob('httpfs.duckdb_extension'))}'")
    connection.execute("SET enable_external_file_cache = false")  # each question goes to S3
    connection.execute(f"CREATE SECRET (TYPE s3, KEY_ID 'test', SECRET 'test', REGION 'us-east-1', ENDPOINT 'localhost:{brume.port}', "
                       "URL_STYLE 'path', USE_SSL false)")
    return lambda text: connection.execute(text).fetchall()


def bytes_in(plan):
    """What DuckDB says that it took over HTTP."""
    number, unit = re.search(r"in: ([\d.]+) (\w+)", plan).groups()
    return float(number) * {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20}[unit]


def test_duckdb_writes_and_reads_parquet_by_ranges(sql, s3, bucket):
    sql(f"COPY (SELECT i AS id, 'name ' || hash(i) AS name, hash(i * 7) AS noise, i % 100 AS part FROM range({ROWS}) t(i)) "
        f"TO 's3://{bucket}/table.parquet' (FORMAT parquet, ROW_GROUP_SIZE 20000)")
    size = s3.head_object(Bucket=bucket, Key="table.parquet")["ContentLength"]
    table = f"'s3://{bucket}/table.parquet'"
    assert sql(f"SELECT count(*), sum(id), count(DISTINCT name), max(part) FROM {table}") == [(ROWS, ROWS * (ROWS - 1) // 2, ROWS, 99)]
    plan = sql(f"EXPLAIN ANALYZE SELECT name FROM {table} WHERE id = 123456")[0][1]
    assert 0 < bytes_in(plan) < size / 5, plan  # one group of twenty, and the end of the file
    assert sql(f"SELECT name FROM {table} WHERE id = 123456") == sql("SELECT 'name ' || hash(123456::BIGINT)")


def test_duckdb_partitions_globs_and_csv(sql, s3, bucket):
    sql(f"COPY (SELECT i AS id, 2020 + i % 3 AS year, 'x=' || i % 2 AS kind FROM range(3000) t(i)) "
        f"TO 's3://{bucket}/by year' (FORMAT parquet, PARTITION_BY (year, kind))")
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert len(keys) == 6 and all(key.startswith("by year/year=20") for key in keys)
    found = sql(f"SELECT year, count(*) FROM read_parquet('s3://{bucket}/by year/*/*/*.parquet', hive_partitioning = true) GROUP BY year ORDER BY year")
    assert found == [(2020, 1000), (2021, 1000), (2022, 1000)]
    s3.put_object(Bucket=bucket, Key="plain.csv", Body=b"a,b\n1,one\n2,two\n")
    assert sql(f"SELECT b FROM read_csv('s3://{bucket}/plain.csv') WHERE a = 2") == [("two",)]
    with pytest.raises(Exception, match="404"):
        sql(f"SELECT * FROM 's3://{bucket}/absent.parquet'")
