"""HTTP headers that tell of a recorded picture, beside its bytes; additive to the specification."""

NUMBER, WIDTH, HEIGHT = "Frame-Number", "Frame-Width", "Frame-Height"
"""Which of the device's pictures it is, and its size in pixels."""

REASON = "Frame-Missing"
"""Why there is no picture of that time: the device was away; percent-encoded UTF-8."""

FROM, UNTIL = "Frame-From", "Frame-Until"
"""When it was captured, and when it gave way to the next; the newest of a run that goes on has no end yet."""
