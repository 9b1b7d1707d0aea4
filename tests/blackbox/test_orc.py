"""ORC files of src/text/orc.c (by src/text/test/orc_driver.c), read by Apache's own reader."""
import io
import os
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pyorc
import pytest

ROOT = Path(__file__).resolve().parents[2]
DRIVER = Path(os.environ.get("BRUME_BINARY", ROOT / "build/src/front/brume")).resolve().parents[1] / "text/orc_driver"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def wild(i):
    if i % 3 == 0:
        return 2 ** 63 - 1 if i % 2 else -2 ** 63
    return (i * 0x9e3779b97f4a7c15 + 2 ** 63) % 2 ** 64 - 2 ** 63


def row(i):
    return (f"é/{i}", i * 3 - 1000 if i % 7 else None, i // 1000, wild(i), i * i % 5 < 2 if i % 11 else None,
            EPOCH + timedelta(milliseconds=(i - 50000) * 86399750) if i % 13 else None, None)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 129, 1000, 100_000])
def test_what_is_written_is_read(count):
    made = pyorc.Reader(io.BytesIO(subprocess.run([DRIVER, str(count)], stdout=subprocess.PIPE, check=True, timeout=60).stdout))
    assert str(made.schema) == "struct<name:string,number:bigint,same:bigint,wild:bigint,truth:boolean,moment:timestamp,none:string>"
    assert made.compression == pyorc.CompressionKind.ZLIB and len(made) == count
    assert (made.num_of_stripes > 1) == (count > 50_000)
    assert list(made) == [row(i) for i in range(count)]
    assert [stripe.writer_timezone for stripe in made.iter_stripes()] == ["UTC"] * made.num_of_stripes
