"""The engine: runs plans of modules on devices, and tells all that happens as messages.

@module(timeout=30, retries=1)
def call_test_module(ctx, number):
    with ctx.action("dial"):
        ctx.device.start(intent="android.intent.action.CALL", data=f"tel:{number}")
    ctx.expect(number in ctx.device.screen_text(), "the number is on the screen")

execution = Execution(Plan([call_test_module.with_args(number="5550100")]), ["emulator-5554"], pool=…, …)
execution.start()
execution.wait()
"""

from .context import Context, Log
from .execution import Execution, ExecutionEnded
from .failure import Failure
from .gate import Paused
from .module import Module, module
from .plan import Distribution, Plan, PlannedStep

__all__ = [
    "Context",
    "Distribution",
    "Execution",
    "ExecutionEnded",
    "Failure",
    "Log",
    "Module",
    "Paused",
    "Plan",
    "PlannedStep",
    "module",
]
