"""`python -m server`: the same as `rom`."""

from server.cli import run

if __name__ == "__main__":
    run()
