"""The raw events of the organisation, and the incidents that they make.

The incidents are made first: each is a failure of one cluster, one single host or one service, and
the next failure of the same unit starts only when the tenant's own patterns (cluster 120 minutes,
host 60 minutes) can no longer join the two. So those patterns find exactly these incidents again,
and wider windows find fewer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandakit.sandbox import words
from pandakit.sandbox.draw import DAY, HOUR

if TYPE_CHECKING:
    from pandakit.sandbox.draw import Draw

Row = dict[str, Any]
Identity = tuple[str, str, str]  # app_key, primary value, check

CLUSTER_WINDOW = 120  # minutes
HOST_WINDOW = 60
_SPAN = 28 * DAY
_APART = CLUSTER_WINDOW * 60 + 600
REOPENS = 49 * HOUR  # longer than the reopen window
_FOR_EVER = 10**12
_LONGEST_OFFSET = 50 * 60
_MOST_ALERTS = 14
_FIT = 3_000  # incidents for which the usual units are enough
_PER_HOST = 40  # more incidents for each host beyond them


@dataclass(frozen=True)
class Unit:
    """What fails together: the hosts of a cluster, a single host, or a service."""

    name: str
    primaries: tuple[str, ...]
    tags: Row


@dataclass
class Alert:
    """One alert: its identity, its life, and the payloads that reported it."""

    id: str
    app_key: str
    primary: tuple[str, str]
    check: str
    start: int
    end: int | None
    tags: Row
    events: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Groups:
    """The incidents as groups of alerts, and the whole feed, oldest event first."""

    incidents: list[list[Alert]]
    events: list[Row]
    units: list[Unit]


def build_groups(draw: Draw, incidents: int, within: int | None = None) -> Groups:
    """Build the incidents; `within` seconds of each other, each is one alert of its own host."""
    if within is not None:
        return _burst(draw, incidents, within)
    units = _units(draw) + _more_hosts(max(0, incidents - _FIT) // _PER_HOST)
    starts = sorted(draw.epoch - draw.between(60, _SPAN) for _ in range(incidents))
    timetable = _Timetable(units, draw)
    groups = [timetable.incident(start) for start in starts]
    events = [event for group in groups for alert in group for event in alert.events]
    events += _noise(draw)
    # The sort is stable: what arrives in the same second keeps its order.
    return Groups(groups, sorted(events, key=lambda event: event["timestamp"]), units)


def _burst(draw: Draw, incidents: int, within: int) -> Groups:
    units = _more_hosts(incidents)
    timetable = _Timetable(units, draw)
    first = draw.epoch - HOUR
    groups = [timetable.lone_alert(unit, first + n % within) for n, unit in enumerate(units)]
    events = [event for group in groups for alert in group for event in alert.events]
    return Groups(groups, sorted(events, key=lambda event: event["timestamp"]), units)


def _more_hosts(count: int) -> list[Unit]:
    hosts = [
        f"edge-{number:05d}.{words.SITES[number % 3]}.{words.DOMAIN}" for number in range(count)
    ]
    return [Unit(host, (host,), {"datacenter": host.split(".")[1]}) for host in hosts]


def _units(draw: Draw) -> list[Unit]:
    units = []
    for application, team, _ in words.APPLICATIONS:
        for role in words.ROLES:
            site = draw.one(words.SITES)
            names = [f"{application}-{role}-{n:02d}" for n in range(1, draw.between(4, 8))]
            hosts = tuple(f"{name}.{site}.{words.DOMAIN}" for name in names)
            tags = {"application": application, "datacenter": site, "team": team}
            cluster = f"{application}-{role}-{site}"
            units.append(Unit(cluster, hosts, tags | {"cluster": cluster}))
    lone = [f"jump-{n:02d}.{draw.one(words.SITES)}.{words.DOMAIN}" for n in range(1, 41)]
    units += [Unit(host, (host,), {"datacenter": host.split(".")[1]}) for host in lone]
    for application, team, _ in words.APPLICATIONS[:8]:
        tags = {"application": application, "team": team}
        units += [
            Unit(name, (name,), tags | {"service": True})
            for name in (f"{application} web", f"{application} mobile", f"{application} partner")
        ]
    return units


class _Timetable:
    """Which units may fail: no identity fails again while its last alert could reopen."""

    def __init__(self, units: list[Unit], draw: Draw) -> None:
        self.units = units
        self.draw = draw
        self.free: dict[str, int] = {}
        self.busy: dict[Identity, int] = {}

    def incident(self, start: int) -> list[Alert]:
        wanted = 1 if self.draw.chance(0.45) else 2 + int(self.draw.random.expovariate(0.55))
        unit, identities = self._free_unit(start, min(wanted, _MOST_ALERTS))
        end = start + 600 + int(self.draw.random.lognormvariate(7.6, 1.1))
        alerts: list[Alert] = []
        # Later alerts start while the first is open, so that the incident is too.
        reach = min(_LONGEST_OFFSET, end - start - 60, self.draw.epoch - start - 1)
        for identity in identities:
            moment = start + self.draw.between(1, reach) if alerts else start
            alerts.append(self._alert(unit, identity, moment, end if not alerts else None))
        self.free[unit.name] = max(alert.start for alert in alerts) + _APART
        return alerts

    def lone_alert(self, unit: Unit, start: int) -> list[Alert]:
        identity = (words.INTEGRATIONS[0], unit.name, next(iter(words.CHECKS)))
        return [self._alert(unit, identity, start, None)]

    def _free_unit(self, start: int, wanted: int) -> tuple[Unit, list[Identity]]:
        while True:
            unit = self.draw.one(self.units)
            if self.free.get(unit.name, 0) <= start:
                # No pattern of the tenant joins the alerts of a service.
                identities = self._identities(unit, 1 if "service" in unit.tags else wanted, start)
                if identities:
                    return unit, identities

    def _identities(self, unit: Unit, wanted: int, start: int) -> list[Identity]:
        service = "service" in unit.tags
        checks = words.SERVICE_CHECKS if service else tuple(words.CHECKS)
        keys = words.INTEGRATIONS[3:] if service else words.INTEGRATIONS[:3]
        found: dict[Identity, None] = {}
        for _ in range(4 * wanted):
            drawn = (self.draw.one(keys), self.draw.one(unit.primaries), self.draw.one(checks))
            if len(found) < wanted and self.busy.get(drawn, 0) <= start:
                found[drawn] = None
        return list(found)

    def _alert(self, unit: Unit, identity: Identity, start: int, end: int | None) -> Alert:
        app_key, primary, check = identity
        draw = self.draw
        if end is None:
            end = start + 120 + int(draw.random.lognormvariate(7.2, 1.2))
        ends = None if end > draw.epoch or draw.chance(0.01) else end
        self.busy[identity] = _FOR_EVER if ends is None else ends + REOPENS
        name = "service" if "service" in unit.tags else "host"
        tags = {key: value for key, value in unit.tags.items() if key not in {"service", "team"}}
        alert = Alert(draw.hexadecimal(24), app_key, (name, primary), check, start, ends, tags)
        alert.events = _payloads(draw, alert, min(end, draw.epoch))
        return alert


def _payloads(draw: Draw, alert: Alert, until: int) -> list[Row]:
    """Return what the monitoring systems sent: the first event, repeats, the end; some twice."""
    count = min(int(draw.random.expovariate(0.33)), max(0, until - alert.start - 1))
    moments = {draw.between(alert.start + 1, until - 1) for _ in range(count)}
    events = [
        _payload(draw, alert, moment, draw.one(("critical", "critical", "warning")))
        for moment in [alert.start, *sorted(moments)]
    ]
    if alert.end is not None:
        events.append(_payload(draw, alert, alert.end, "ok"))
    return [event for event in events for _ in range(2 if draw.chance(0.12) else 1)]


def _payload(draw: Draw, alert: Alert, moment: int, status: str) -> Row:
    template = words.CHECKS.get(alert.check, "{value} of 100 probes failed")
    name, value = alert.primary
    return {
        "app_key": alert.app_key,
        "status": status,
        name: value,
        "check": alert.check,
        "timestamp": moment,
        "description": template.format(value=draw.between(81, 99)),
        **alert.tags,
    }


def _noise(draw: Draw) -> list[Row]:
    """Return payloads that make no alert: ends without a start, payloads without a subject."""
    orphans: list[Row] = [
        {
            "app_key": words.INTEGRATIONS[0],
            "status": "ok",
            "host": f"retired-{number:02d}.eu-north.{words.DOMAIN}",
            "check": "ping",
            "timestamp": draw.ago(28),
            "description": "back again",
        }
        for number in range(60)
    ]
    nameless: list[Row] = [
        {
            "app_key": words.INTEGRATIONS[1],
            "status": "critical",
            "check": "heartbeat",
            "timestamp": draw.ago(28),
            "description": "sender did not say who",
        }
        for _ in range(12)
    ]
    return orphans + nameless
