"""Lessons: twelve of them, each a few steps through the app's own pages, with questions to predict first."""

from viz_core.ui.lessons import listing

listing.show_page("lessons")
