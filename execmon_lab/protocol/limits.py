"""The numbers that the specification gives, each named once."""

# Specification, "Message Frequency Limits"
PROGRESS_PER_SECOND = 1
"""Most `execution_progress` messages a second for one execution."""
LOGS_PER_SECOND = 100
"""Most `log_entry` messages a second for one device."""
PREVIEW_FPS_MAX = 15
"""Most `preview_frame` messages a second for one device."""

# Specification, "During Execution"
PREVIEW_FPS_MIN = 10
"""Fewest frames a second while a preview runs."""
PROGRESS_SILENCE_SECONDS = 2.0
"""Longest pause between two `execution_progress` messages of a running execution."""

# Specification, "Connection Limits"
CONNECTIONS_PER_CLIENT = 10
PREVIEWS_PER_CONNECTION = 5
INACTIVITY_SECONDS = 3600.0

# Specification, "Reconnection Handling"
SESSION_SECONDS = 300.0
"""How long the server keeps a session after its connection went."""

# Guaranteed delivery: how long a Pong may take, in seconds
PONG_SECONDS = 20.0

# Shedding: unacknowledged preview frames that may be under way to one connection
FRAMES_IN_FLIGHT = 2

# Bad input: the largest message a client may send, in bytes
CLIENT_MESSAGE_BYTES = 64 * 1024

# Clients' own limits: the usual libraries refuse a message of more than a megabyte
TEXT_CHARACTERS = 64 * 1024
"""Most characters of one text in a message: of an error, a traceback, a line of the log."""
