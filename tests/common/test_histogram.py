"""Histograms: which values a bucket counts."""

from mixsvc.common.histogram import Histogram


def test_a_bound_is_part_of_its_bucket_and_buckets_hold_those_below() -> None:
    histogram = Histogram((1.0, 2.5))

    for value in (0.5, 1.0, 1.1, 2.5, 99.0):
        histogram.observe(value)

    assert list(histogram.buckets()) == [("1.0", 2), ("2.5", 4), ("+Inf", 5)]
    assert histogram.sum == 104.1
