"""These folders hold PlatformIO's tests too; its runner is no test file."""

collect_ignore = ["test_custom_runner.py"]
