"""Android's own commands; importing this package registers them with the shell."""

from execmon_lab.phone.system.commands import activity as activity
from execmon_lab.phone.system.commands import input as input
from execmon_lab.phone.system.commands import properties as properties
from execmon_lab.phone.system.commands import screencap as screencap
