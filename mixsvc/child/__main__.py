"""The program of a child."""

if __name__ == "__main__":
    from mixsvc.operations.garbage import collect_rarely

    # Before the imports, which take most of the time of a start.
    collect_rarely()
    from mixsvc.child.program import main

    main()
