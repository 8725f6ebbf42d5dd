"""The virtual phone: a process of its own that speaks the device side of the adb protocol."""
