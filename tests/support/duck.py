"""DuckDB by its library, for tests that make Parquet files and look into them."""
import ctypes
from pathlib import Path

import pytest

LIBRARY = Path(__file__).resolve().parents[2] / ".deps/duckdb/libduckdb.so"
wanted = pytest.mark.skipif(not LIBRARY.exists(), reason="DuckDB's library is not there")


class Result(ctypes.Structure):
    _fields_ = [("columns", ctypes.c_uint64), ("rows", ctypes.c_uint64), ("changed", ctypes.c_uint64), ("column", ctypes.c_void_p),
                ("error", ctypes.c_void_p), ("internal", ctypes.c_void_p)]


def ask(query):
    """The rows of the answer, each value as text or None."""
    duck = ctypes.CDLL(str(LIBRARY))
    for name, kind in (("duckdb_value_varchar", ctypes.c_void_p), ("duckdb_result_error", ctypes.c_char_p), ("duckdb_column_count", ctypes.c_uint64),
                       ("duckdb_row_count", ctypes.c_uint64)):
        getattr(duck, name).restype = kind
    database, connection, result = ctypes.c_void_p(), ctypes.c_void_p(), Result()
    assert duck.duckdb_open(None, ctypes.byref(database)) == 0 and duck.duckdb_connect(database, ctypes.byref(connection)) == 0
    done = duck.duckdb_query(connection, query.encode(), ctypes.byref(result)) == 0
    assert done, duck.duckdb_result_error(ctypes.byref(result))

    def value(column, row):
        found = duck.duckdb_value_varchar(ctypes.byref(result), ctypes.c_uint64(column), ctypes.c_uint64(row))
        return ctypes.string_at(found).decode() if found else None

    shape = range(duck.duckdb_row_count(ctypes.byref(result))), range(duck.duckdb_column_count(ctypes.byref(result)))
    rows = [[value(column, row) for column in shape[1]] for row in shape[0]]
    duck.duckdb_destroy_result(ctypes.byref(result))
    duck.duckdb_disconnect(ctypes.byref(connection))
    duck.duckdb_close(ctypes.byref(database))
    return rows


def parquet(query, path):
    """What the query finds, as the bytes of a Parquet file."""
    ask(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return Path(path).read_bytes()
