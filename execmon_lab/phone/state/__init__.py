"""What the virtual phone knows: one noun a module, none of them aware of the screen or of adb."""
