"""My account: password, sessions, second factor; and the pages behind links of mails."""
