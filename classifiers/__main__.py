"""``python -m classifiers``: a demonstration; with ``train``, ``predict`` or ``evaluate``, work on files."""

import sys

if __name__ == "__main__":
    if len(sys.argv) == 1:
        from classifiers._demonstration import main as demonstrate

        demonstrate()
    else:
        try:
            from classifiers.command_line import main
        except KeyboardInterrupt:  # before there is anything to keep
            sys.exit(130)
        sys.exit(main())
