"""Tests of views in processes of their own: frames, one child as the service sees it, and the child itself."""
