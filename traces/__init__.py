"""The product: forms, submissions, and their delivery as traces; stands on b24app."""
