"""Android's own commands; importing this package registers them with the shell."""

from execmon_lab.phone.system.commands import (
    activity as activity,
)
from execmon_lab.phone.system.commands import (
    app_process as app_process,
)
from execmon_lab.phone.system.commands import (
    cmd as cmd,
)
from execmon_lab.phone.system.commands import (
    content as content,
)
from execmon_lab.phone.system.commands import (
    dumpsys as dumpsys,
)
from execmon_lab.phone.system.commands import (
    getevent as getevent,
)
from execmon_lab.phone.system.commands import (
    input as input,
)
from execmon_lab.phone.system.commands import (
    monkey as monkey,
)
from execmon_lab.phone.system.commands import (
    package as package,
)
from execmon_lab.phone.system.commands import (
    properties as properties,
)
from execmon_lab.phone.system.commands import (
    screencap as screencap,
)
from execmon_lab.phone.system.commands import (
    services as services,
)
from execmon_lab.phone.system.commands import (
    settings as settings,
)
from execmon_lab.phone.system.commands import (
    uiautomator as uiautomator,
)
from execmon_lab.phone.system.commands import (
    window as window,
)
