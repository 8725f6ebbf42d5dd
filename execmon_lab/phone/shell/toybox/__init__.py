"""The generic commands of the phone, as toybox has them; importing this registers them all."""

from execmon_lab.phone.shell.toybox import (  # noqa: F401
    basic,
    data,
    files,
    filters,
    find,
    listing,
    logcat,
    network,
    processes,
    sed,
    sh,
    system,
    text,
)
