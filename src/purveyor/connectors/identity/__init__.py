"""How our own people get in: mails with links, and the company's own sign-in."""
