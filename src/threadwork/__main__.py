"""``python -m threadwork`` and the command ``threadwork``."""

import sys

from .errors import MissingExtra


def main() -> None:
    """Run the command and exit with its status. Says what to install where the command's own packages are missing."""
    try:
        from .cli import main as cli  # noqa: PLC0415 - only here can it be told that a package is missing
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        missing = MissingExtra(f'the command needs the package {error.name}: pip install "threadwork[cli]"')
        sys.stderr.write(f"threadwork: {missing}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(cli.main())


if __name__ == "__main__":
    main()
