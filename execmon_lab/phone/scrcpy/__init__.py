"""The phone plays scrcpy's server: its screen as H.264, and what a client sends back to it.

Source: ``doc/develop.md`` of scrcpy, and its server's behaviour in versions 3.3 and 4.1.
"""
