"""The program of a child."""

from mixsvc.child.program import main

if __name__ == "__main__":
    main()
