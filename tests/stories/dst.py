"""The table of the story `dst`, computed from the policy in docs/src/schedules.md with Python's time zones, without pipeform.

    dst.py config   the configuration whose schedules are the table
    dst.py cases    one line a case: NAME FROM NUMBER
    dst.py expect   the intervals of all cases: NAME START END (UTC), one a line
    dst.py actual   the same from the JSON of `pipeform schedule` of each case, a line each, on standard input
"""

import calendar
import json
import sys
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

UTC = timezone.utc

# Zone, then where to look: from a few days before its clock changes.
ZONES = [
    ("Europe/Berlin", 2026, ["2026-03-26", "2026-10-22"]),
    ("America/New_York", 2026, ["2026-03-05", "2026-10-29"]),
    ("Australia/Lord_Howe", 2026, ["2026-04-02", "2026-10-01"]),
    ("Asia/Kathmandu", 1985, ["1985-12-29"]),
    ("Pacific/Apia", 2011, ["2011-12-27"]),
]

# Name, the attributes, how many intervals to look at.
KINDS = [
    ("daily", {"every": "1 day", "start": "{year}-01-01"}, 8),
    ("daily_at_night", {"every": "1 day", "start": "{year}-01-01T02:30"}, 8),
    ("hourly", {"every": "1 hour", "start": "{year}-01-01"}, 160),
    ("weekly", {"every": "1 week", "start": "{sunday}T01:30"}, 4),
    ("monthly", {"every": "1 month", "start": "{year}-01-31T02:30"}, 14),
    ("cron_at_night", {"cron": "30 2 * * *", "start": "{year}-01-01"}, 8),
    ("cron_in_fold", {"cron": "45 1 * * *", "start": "{year}-01-01"}, 8),
    ("cron_midnight", {"cron": "10 0 * * *", "start": "{year}-01-01"}, 8),
    ("cron_hourly", {"cron": "0 * * * *", "start": "{year}-01-01"}, 160),
    ("cron_often", {"cron": "*/20 * * * *", "start": "{year}-01-01"}, 480),
    ("cron_each_six_hours", {"cron": "0 */6 * * *", "start": "{year}-01-01"}, 30),
    ("cron_last_of_month", {"cron": "30 2 L * *", "start": "{year}-01-01"}, 13),
]


def cases():
    for zone, year, windows in ZONES:
        for kind, attributes, number in KINDS:
            for window in windows:
                months = kind in ("monthly", "cron_last_of_month")
                if not months or window == windows[0]:
                    yield name(zone, kind), f"{year}-02-01" if months else window, number


def name(zone, kind):
    return f"{zone.split('/')[1].lower()}_{kind}"


def described(wanted):
    for zone, year, _ in ZONES:
        for kind, attributes, _ in KINDS:
            if name(zone, kind) == wanted:
                first = date(year, 1, 1)
                sunday = first + timedelta(days=(6 - first.weekday()) % 7)
                return zone, {key: text.format(year=year, sunday=sunday) for key, text in attributes.items()}
    raise KeyError(wanted)


def config():
    for zone, _, _ in ZONES:
        for kind, _, _ in KINDS:
            _, attributes = described(name(zone, kind))
            lines = "".join(f'  {key} = "{text}"\n' for key, text in attributes.items())
            print(f'schedule "{name(zone, kind)}" {{\n{lines}  timezone = "{zone}"\n}}\n')


def exists(civil, zone):
    """Whether the clock of a zone shows this civil time at some moment."""
    return civil.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == civil


def moment(civil, zone):
    """Fold 0: the first of two, and one that does not exist as much later as the clock is put forward."""
    return civil.replace(tzinfo=zone, fold=0).astimezone(UTC)


def month_later(anchor, months):
    month = anchor.month - 1 + months
    year, month = anchor.year + month // 12, month % 12 + 1
    return anchor.replace(year=year, month=month, day=min(anchor.day, calendar.monthrange(year, month)[1]))


def every_ticks(every, anchor, zone, until):
    number, unit = every.split()
    found, index = [], 0
    while True:
        if unit.startswith("hour"):
            tick = moment(anchor, zone) + index * timedelta(hours=int(number))
        elif unit.startswith("month"):
            tick = moment(month_later(anchor, index * int(number)), zone)
        else:
            days = int(number) * (7 if unit.startswith("week") else 1)
            tick = moment(anchor + index * timedelta(days=days), zone)
        if tick > until:
            return found
        found.append(tick)
        index += 1


def numbers(field, last):
    if field.startswith("*"):
        step = int(field[2:]) if field.startswith("*/") else 1
        return set(range(0, last, step))
    return {int(part) for part in field.split(",")}


def cron_ticks(cron, anchor, begin, zone, until):
    minute, hour, day, _, _ = cron.split()
    minutes, hours = numbers(minute, 60), numbers(hour, 24)
    repeats = "*" in minute or "*" in hour

    def matches(civil):
        last = calendar.monthrange(civil.year, civil.month)[1]
        return civil.minute in minutes and civil.hour in hours and (day == "*" or civil.day == last)

    found = set()
    # What the clock shows: minute by minute of UTC, from a while before what is looked at.
    anchor = max(anchor, begin - timedelta(days=35))
    tick = moment(anchor, zone)
    while tick <= until:
        shown = tick.astimezone(zone)
        if matches(shown) and (repeats or shown.fold == 0):
            found.add(tick)
        tick += timedelta(minutes=1)
    # What the clock leaves out: minute by minute of the calendar, where days differ in length.
    civil_day = anchor
    while moment(civil_day, zone) <= until:
        length = moment(civil_day + timedelta(days=1), zone) - moment(civil_day, zone)
        if length != timedelta(days=1) or not exists(civil_day, zone):
            for number in range(24 * 60):
                civil = civil_day + timedelta(minutes=number)
                if matches(civil) and not exists(civil, zone):
                    found.add(moment(civil, zone))
        civil_day += timedelta(days=1)
    return sorted(tick for tick in found if tick <= until)


def expect(wanted, begin, number):
    zone_name, attributes = described(wanted)
    zone = ZoneInfo(zone_name)
    anchor = datetime.fromisoformat(attributes["start"])
    first = datetime.fromisoformat(begin)
    begin = moment(first, zone)
    # As far as is needed.
    until = begin + timedelta(days=500 if "month" in wanted else 40 if "weekly" in wanted else 12)
    if "cron" in attributes:
        ticks = cron_ticks(attributes["cron"], anchor, first, zone, until)
    else:
        ticks = sorted(set(every_ticks(attributes["every"], anchor, zone, until)))
    pairs = [(start, end) for start, end in zip(ticks, ticks[1:]) if end > begin]
    assert len(pairs) >= number, (wanted, len(pairs))
    for start, end in pairs[:number]:
        print(wanted, start.strftime("%Y-%m-%dT%H:%M:%SZ"), end.strftime("%Y-%m-%dT%H:%M:%SZ"))


def actual():
    for line in sys.stdin:
        (section,) = json.loads(line)["schedules"]
        for interval in section["intervals"]:
            assert interval["due"] == interval["end"] and interval["has_instance"]
            print(section["address"].removeprefix("schedule."), interval["start"], interval["end"])


def main():
    match sys.argv[1:]:
        case ["config"]:
            config()
        case ["cases"]:
            for case in cases():
                print(*case)
        case ["expect"]:
            for case in cases():
                expect(*case)
        case ["actual"]:
            actual()
        case _:
            sys.exit(__doc__)


main()
