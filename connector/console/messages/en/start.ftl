
## First steps
steps-link = First steps: { $open } missing
steps-title = First steps
steps-open = Steps that are missing: { $open }. Their order is free where it can be.
steps-all-done = All first steps are done.
step-done = done
step-missing = missing
step-not-needed = not needed
step-other-role = This page is for the role: { $roles }
step-identity = Who you are
step-identity-hint = Name, domain, time zone and language of your participant stand in the configuration.
step-league = Your league
step-league-hint = The trust bundle of the league says whom your connector believes.
step-reach = Others can be reached
step-reach-hint = At least one other participant has answered. The check says hop by hop what is in the way.
step-dataset = First dataset
step-dataset-hint = A file becomes a dataset, which is published in the catalogue.
step-policy = Who may learn what
step-policy-hint = A policy says what others may do with a dataset.
step-offering = Offer it
step-offering-hint = An offer makes a policy to others, so that they can ask for a contract.
step-second-person = Second person
step-second-person-hint = A second person who may sign can approve what needs two, and stands in when you are away.
step-passkey = Your passkey
step-passkey-hint = With a passkey you confirm acts in the browser, without a terminal.
step-backup = Backup
step-backup-hint = A copy of the state, which was made on this machine.
