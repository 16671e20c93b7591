"""The page of a run: one HTML file that needs nothing else, and runs nothing."""

from judge_client.run.page.whole import page

__all__ = ["page"]
