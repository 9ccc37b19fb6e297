"""The pages of the application inside a portal, one module a page; `frame` is what they have in common."""
