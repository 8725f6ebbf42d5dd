"""The apps of the phone, a screen each; importing this package registers them."""

from execmon_lab.phone.screen.apps import generic as generic
from execmon_lab.phone.screen.apps import launcher as launcher
