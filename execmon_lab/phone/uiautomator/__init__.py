"""What automation sees of the screen: the dump of the tree, and the server that uiautomator2 speaks to."""
