"""The only room that imports streamlit: shared controls, caches, components."""
