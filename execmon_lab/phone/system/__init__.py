"""The phone above its kernel: all state, the screen, and Android's own commands."""
