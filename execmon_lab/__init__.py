"""Run test executions on Android devices and watch each one live in the notebook."""
