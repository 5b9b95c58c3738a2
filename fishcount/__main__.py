"""`python -m fishcount` is the command `fishcount`."""

from fishcount.cli import main

if __name__ == "__main__":
    main()
