"""GetMetricWidgetImage: a PNG that shows the data."""
import datetime
import json
import random
import struct
import zlib

import pytest
from botocore.exceptions import ClientError

BLUE, RED = (0x1f, 0x77, 0xb4), (0xff, 0, 0)


@pytest.fixture
def cw(brume):
    return brume.client("cloudwatch", account=f"{random.randrange(1, 10**12):012}")


@pytest.fixture
def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)


def pixels(png):
    """Rows of (red, green, blue), by the PNG specification."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    data, at = b"", 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        body = png[at + 8:at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", png[at + 8 + length:at + 12 + length])[0]
        if kind == b"IHDR":
            width, height, depth, color = struct.unpack(">IIBB", body[:10])
            assert depth == 8 and color in (2, 6)
            step = 3 if color == 2 else 4
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    raw, rows, before = zlib.decompress(data), [], bytearray(width * step)
    for y in range(height):
        line = bytearray(raw[y * (width * step + 1) + 1:(y + 1) * (width * step + 1)])
        how = raw[y * (width * step + 1)]
        for i in range(len(line)):
            left, up, corner = line[i - step] if i >= step else 0, before[i], before[i - step] if i >= step else 0
            paeth = min((left, up, corner), key=lambda v, p=left + up - corner: abs(p - v))
            line[i] = (line[i] + (0, left, up, (left + up) // 2, paeth)[how]) & 255
        rows.append([tuple(line[x:x + 3]) for x in range(0, len(line), step)])
        before = line
    return rows


def close(a, b):
    return all(abs(x - y) < 70 for x, y in zip(a, b))


def drawn(cw, color, **widget):
    """Where the picture has a color: its columns, each with the mean of its rows."""
    rows = pixels(cw.get_metric_widget_image(MetricWidget=json.dumps(widget))["MetricWidgetImage"])
    plot = rows[:int(len(rows) * 0.85)]  # the legend has it too
    columns = {}
    for y, row in enumerate(plot):
        for x, pixel in enumerate(row):
            if close(pixel, color):
                columns.setdefault(x, []).append(y)
    return rows, {x: sum(ys) / len(ys) for x, ys in columns.items()}


def test_a_line_rises_with_the_data(cw, now):
    cw.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": i, "Timestamp": now - datetime.timedelta(minutes=60 - i)} for i in range(60)])
    rows, line = drawn(cw, BLUE, metrics=[["n", "m", {"stat": "Sum", "period": 60}]], start="-PT1H", width=260, height=180, title="rising")
    assert (len(rows[0]), len(rows)) == (260, 180)
    assert len(line) > 180
    xs = sorted(line)
    assert all(line[a] >= line[b] for a, b in zip(xs, xs[8:])) and line[xs[0]] - line[xs[-1]] > 50
    _, falling = drawn(cw, RED, metrics=[["n", "m", {"stat": "Sum", "period": 60, "id": "m", "visible": False}], [{"expression": "60 - m", "color": "#f00"}]],
                       start="-PT1H", width=260, height=180)
    xs = sorted(falling)
    assert falling[xs[-1]] - falling[xs[0]] > 50


def test_two_scales_marks_and_shorthand(cw, now):
    for d, v in (("a", 1), ("b", 1000)):
        cw.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": v, "Timestamp": now - datetime.timedelta(minutes=i), "Dimensions": [{"Name": "d", "Value": d}]} for i in range(1, 60)])
    common = {"start": "-PT1H", "stat": "Maximum", "period": 60, "width": 260, "height": 180}
    _, one = drawn(cw, BLUE, metrics=[["n", "m", "d", "a"], ["...", "b", {"yAxis": "right", "color": "#ff0000"}]], yAxis={"left": {"min": 0, "max": 2}, "right": {"min": 0}}, **common)
    _, other = drawn(cw, RED, metrics=[["n", "m", "d", "a"], [".", ".", ".", "b", {"yAxis": "right", "color": "#ff0000"}]], yAxis={"left": {"min": 0, "max": 2}, "right": {"min": 0}}, **common)
    middle = sorted(one)[len(one) // 2]
    assert other[middle] < one[middle] - 20  # 1000 of 1000 stands above 1 of 2
    _, mark = drawn(cw, RED, metrics=[["n", "m", "d", "a"]], annotations={"horizontal": [{"value": 1.5, "color": "#ff0000"}]}, yAxis={"left": {"min": 0, "max": 2}}, **common)
    assert len(mark) > 150 and len(set(mark.values())) <= 2 and min(mark.values()) < one[middle]
    half = (now - datetime.timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    vertical = {"metrics": [["n", "m", "d", "a"]], "annotations": {"vertical": [{"value": half, "color": "#ff0000"}]}, **common}
    _, moment = drawn(cw, RED, **vertical)
    _, curve = drawn(cw, BLUE, **vertical)
    assert 1 <= len(moment) <= 2 and abs(sorted(moment)[0] - sorted(curve)[len(curve) // 2]) < 12  # one column, in the middle
    stacked = {"metrics": [["n", "m", "d", "a"], ["...", {"color": "#ff0000"}]], "stacked": True, "yAxis": {"left": {"min": 0, "max": 2}}, **common}
    _, below = drawn(cw, BLUE, **stacked)
    _, above = drawn(cw, RED, **stacked)
    middle = sorted(below)[len(below) // 2]
    assert above[middle] < below[middle] - 20


@pytest.mark.parametrize("widget", ["no JSON", "[]", {"metrics": []}, {"metrics": [["n"]]}, {"metrics": ["n"]}, {"metrics": [["n", "m"]], "width": 9999}, {"metrics": [["n", "m"]], "start": "soon"}])
def test_what_is_no_widget(cw, widget):
    with pytest.raises(ClientError) as caught:
        cw.get_metric_widget_image(MetricWidget=widget if isinstance(widget, str) else json.dumps(widget))
    assert caught.value.response["Error"]["Code"] == "ValidationError" and caught.value.response["Error"]["Message"].startswith("The value of field MetricWidget is invalid")
