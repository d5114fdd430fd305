"""Who may come in: by which name a server is called, with which key, from where, how often."""
