"""The generic commands of the phone, as toybox has them."""
