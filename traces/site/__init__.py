"""The public pages: what Trace Relay is, its help, its licence agreement and its privacy policy."""
