"""The corpus is data: it is loaded by its tests alone."""

collect_ignore_glob = ["corpus/*"]
