"""Moments as text, in UTC (RFC 3339). Pure."""

from datetime import UTC, datetime

__all__ = ["utc_milliseconds", "utc_seconds"]


def utc_seconds(moment: float | datetime) -> str:
    """Returns a moment such as 2026-10-30T14:15:16Z; what is below a second is cut off.

    moment: seconds since 1970, or an aware datetime of any zone.
    """
    utc = moment.astimezone(UTC) if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    return utc.isoformat(timespec="seconds").replace("+00:00", "Z")


def utc_milliseconds(moment: float) -> str:
    """Returns a moment such as 2026-10-30T14:15:16.789Z; what is below a millisecond is cut off.

    moment: seconds since 1970.
    """
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
