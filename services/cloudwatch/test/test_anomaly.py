"""Anomaly detection: detectors that are trained on what there is, bands, alarms on bands."""
import datetime

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(autouse=True)
def begun(own):
    """The hours of a test are those of the cloud when it began, whatever hour begins meanwhile."""
    hour.now = datetime.datetime.fromtimestamp(own.admin("GET", "clock")["now_ms"] / 1000, datetime.timezone.utc)


def hour(ago):
    return hour.now.replace(minute=0, second=0, microsecond=0) - datetime.timedelta(hours=ago)


def by_day_and_night(cw, days):
    """100 by day, 10 by night, give or take 1."""
    data = [{"MetricName": "m", "Timestamp": hour(ago), "Value": (100 if 8 <= hour(ago).hour < 20 else 10) + (1 if ago // 24 % 2 else -1)} for ago in range(1, 24 * days)]
    for i in range(0, len(data), 500):
        cw.put_metric_data(Namespace="n", MetricData=data[i:i + 500])


def band(width=2, **more):
    return [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 3600, "Stat": "Average"}, **more},
            {"Id": "band", "Expression": f"ANOMALY_DETECTION_BAND(m1, {width})"}]


def test_a_band_of_an_expression(cw):
    by_day_and_night(cw, 6)
    cw.put_metric_data(Namespace="n", MetricData=[{"MetricName": "half", "Timestamp": hour(ago), "Value": 2} for ago in range(1, 24 * 6)])
    parts = [{"Id": id, "MetricStat": {"Metric": {"Namespace": "n", "MetricName": name}, "Period": 3600, "Stat": "Average"}, "ReturnData": False} for id, name in (("m1", "m"), ("m2", "half"))]
    asked = parts + [{"Id": "e", "Expression": "m1 / m2", "ReturnData": False}, {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(e, 3)"}]
    high, low = cw.get_metric_data(StartTime=hour(0), EndTime=hour(-24), ScanBy="TimestampAscending", MetricDataQueries=asked)["MetricDataResults"]
    assert (high["Label"], low["Label"]) == ("band high", "band low") and len(high["Values"]) == len(low["Values"]) == 24
    for at, above, below in zip(high["Timestamps"], high["Values"], low["Values"]):
        usual = 50 if 8 <= at.hour < 20 else 5
        assert usual < above < usual + 3 and usual - 3 < below < usual
    with pytest.raises(ClientError) as error:
        cw.get_metric_data(StartTime=hour(0), EndTime=hour(-24), MetricDataQueries=parts + [{"Id": "e", "Expression": "METRICS()", "ReturnData": False},
                                                                                            {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(e, 3)"}])
    assert "one time series" in error.value.response["Error"]["Message"]


def test_a_band_knows_the_hour_of_the_day(cw):
    by_day_and_night(cw, 6)
    answer = cw.get_metric_data(StartTime=hour(0), EndTime=hour(-24), ScanBy="TimestampAscending", MetricDataQueries=band(3, ReturnData=False))
    high, low = answer["MetricDataResults"]
    assert (high["Label"], low["Label"]) == ("band high", "band low") and len(high["Values"]) == 24
    for at, above, below in zip(high["Timestamps"], high["Values"], low["Values"]):
        usual = 100 if 8 <= at.hour < 20 else 10
        assert usual - 6 < below < usual < above < usual + 6
    wide = cw.get_metric_data(StartTime=hour(0), EndTime=hour(-24), ScanBy="TimestampAscending", MetricDataQueries=band(6, ReturnData=False))["MetricDataResults"][0]
    assert wide["Values"][0] > high["Values"][0]


def test_a_detector_says_how_well_it_is_trained(own, cw):
    single = {"Namespace": "n", "MetricName": "m", "Stat": "Average"}
    made = cw.put_anomaly_detector(SingleMetricAnomalyDetector=single, Configuration={"MetricTimezone": "UTC", "ExcludedTimeRanges": [{"StartTime": hour(48), "EndTime": hour(47)}]})
    own.advance_clock(1000)
    [detector] = cw.describe_anomaly_detectors()["AnomalyDetectors"]
    assert detector["StateValue"] == "TRAINED_INSUFFICIENT_DATA" and detector["AnomalyDetectorId"] == made["AnomalyDetectorId"]
    assert detector["SingleMetricAnomalyDetector"]["MetricName"] == detector["MetricName"] == "m" and len(detector["Configuration"]["ExcludedTimeRanges"]) == 1
    by_day_and_night(cw, 5)
    own.advance_clock(3600 * 1000)
    assert cw.describe_anomaly_detectors(Namespace="n", MetricName="m")["AnomalyDetectors"][0]["StateValue"] == "TRAINED"
    assert cw.describe_anomaly_detectors(AnomalyDetectorTypes=["METRIC_MATH"])["AnomalyDetectors"] == []
    cw.delete_anomaly_detector(SingleMetricAnomalyDetector=single)
    with pytest.raises(ClientError) as caught:
        cw.delete_anomaly_detector(**single)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_an_alarm_on_a_band(own, cw):
    by_day_and_night(cw, 6)
    cw.put_metric_alarm(AlarmName="a", EvaluationPeriods=1, ComparisonOperator="LessThanLowerOrGreaterThanUpperThreshold", ThresholdMetricId="band", Metrics=band())
    assert cw.describe_anomaly_detectors()["AnomalyDetectors"][0]["SingleMetricAnomalyDetector"]["Namespace"] == "n"

    def state():
        return cw.describe_alarms()["MetricAlarms"][0]
    assert state()["ThresholdMetricId"] == "band" and "Threshold" not in state()
    own.advance_clock(3600 * 1000)
    assert state()["StateValue"] == "OK"
    cw.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Timestamp": hour(-1), "Value": 500}])
    own.advance_clock(3600 * 1000)
    assert state()["StateValue"] == "ALARM"
    assert state()["StateReason"].startswith("Thresholds Crossed: 1 datapoint [500.0 (") and "was less than the lower thresholds or greater than the upper thresholds [" in state()["StateReason"]
    with pytest.raises(ClientError) as caught:
        cw.put_metric_alarm(AlarmName="b", EvaluationPeriods=1, ComparisonOperator="GreaterThanUpperThreshold", Threshold=1, Metrics=band())
    assert "ThresholdMetricId" in caught.value.response["Error"]["Message"]
