"""The face of the virtual phone: one tree of nodes from which the picture, the taps and the dumps come."""
