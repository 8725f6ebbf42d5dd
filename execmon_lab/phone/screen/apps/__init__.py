"""The apps of the phone, a screen each; importing this package registers them."""

from execmon_lab.phone.screen.apps import browser as browser
from execmon_lab.phone.screen.apps import call as call
from execmon_lab.phone.screen.apps import dialer as dialer
from execmon_lab.phone.screen.apps import generic as generic
from execmon_lab.phone.screen.apps import launcher as launcher
from execmon_lab.phone.screen.apps import messages as messages
from execmon_lab.phone.screen.apps import motion as motion
from execmon_lab.phone.screen.apps import pin as pin
from execmon_lab.phone.screen.apps import settings as settings
from execmon_lab.phone.screen.apps import tools as tools
