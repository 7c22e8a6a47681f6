"""The benchmark: mixsvc and its peers side by side in one run."""
