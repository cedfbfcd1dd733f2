"""Every fault there is, in the order of the table."""

from tests.faults.kinds import (
    clocks,
    crash_points,
    disks,
    members,
    networks,
    processes,
    receivers,
    records,
    servers,
)

FAULTS = (
    *processes.FAULTS,
    *crash_points.FAULTS,
    *servers.FAULTS,
    *networks.FAULTS,
    *clocks.FAULTS,
    *records.FAULTS,
    *disks.FAULTS,
    *members.FAULTS,
    *receivers.FAULTS,
)
