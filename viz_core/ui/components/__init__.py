"""The parts of the page that Streamlit does not have: each a Python function, a .js file and a .css file.

Import the function from its own module: `from viz_core.ui.components.head_grid import head_grid`.
"""
