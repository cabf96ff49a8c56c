"""The pages people open: rendered here, small, usable by keyboard, on a phone and without script.

Nothing in them comes from elsewhere, and every link is relative, so that a proxy may put them below any address. They
call the core as the API does, and book by the same desk.
"""
