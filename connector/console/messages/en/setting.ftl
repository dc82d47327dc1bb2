
## Settings
settings-title = Settings
settings-title-of = Settings: { $section }
settings-configuration = Configuration
settings-people = People
settings-tokens = Access tokens
settings-own = Own person
settings-file = Configuration file
settings-state = State folder
settings-how = The configuration is a file. Change it with an editor, then run the command hansa reload.
settings-sections-caption = Sections of the configuration
settings-section = Section
settings-set = Keys with a value
settings-known = Keys in all
settings-all-sections = All sections
settings-no-keys = The configuration has no keys here.
settings-keys-caption = Keys of the section
settings-key = Key
settings-value = Value
settings-from = Origin
settings-meaning = Meaning
settings-effect = Takes effect
settings-secret = *** (secret)
settings-no-value = not set
settings-default = default
settings-no-meaning = The reference has no more on it.
settings-at-reload = after hansa reload
settings-at-start = at the next start

## People
people-title = People
people-what = These people can sign in here. They stand in the configuration; a change of their roles ends their sessions.
people-none = No person stands in the configuration.
people-caption = People of this participant
person-name = Name
person-roles = Roles
person-unix = Unix user
person-oidc = Account at the issuer
people-roles = What the roles mean
roles-caption = Roles and their rights
role-name = Role
role-in-file = Word in the file
role-may = Rights
role-officer-may = Reads own datasets, policies, contracts and their evidence; drafts, comments and declines.
role-signer-may = Signs and withdraws contracts, as an officer.
role-analyst-may = Reads the catalogue and the contracts of this participant; asks questions.
role-auditor-may = Reads contracts, evidence and the configuration; verifies and exports.
role-operator-may = Runs the connector: reads its state and its configuration, checks it and makes backups.

## Access tokens
tokens-title = Access tokens
tokens-what = With an access token, a program of a person asks questions. The secret of a token is shown once, when it is made.
tokens-none = There is no access token.
tokens-caption = Access tokens, without their secrets
token-id = Token
token-person = Person
token-purposes = Purposes
token-contract = Contract
token-until = End
token-state = State
token-person-erased = erased
token-no-purpose = none
token-all-contracts = all of this participant
token-valid = valid
token-over = ended
token-revoked = revoked

## Own person
own-title = Own person
own-roles-from = Roles stand in the configuration of the connector; nobody changes them here.
own-sessions = Sessions
own-sessions-caption = Your sessions, the newest first
own-session = Session
own-opened = Signed in
own-used = Last request
own-this-session = this one
own-ago = { $time } ago
own-session-life = A session ends after { $idle } without a request, and { $longest } after the sign-in.
own-session-strange = Do you see a session that is not yours? Sign out, and tell whoever runs the connector: a restart ends all sessions.

## Errors
error-title = Error { $code }
error-cause = Cause
error-remedy = Remedy
error-own-sentence = The page or the command that showed this code has a sentence of its own with the particulars.

## Statements
nav-statements = About this console
accessibility-title = Accessibility
accessibility-goal = These pages are made to meet EN 301 549 and WCAG 2.2, level AA.
accessibility-tested = What is tested
accessibility-axe = Pages are checked with axe in Chromium.
accessibility-keyboard = Pages can be used with the keyboard alone, and the focus is always visible.
accessibility-narrow = Pages can be read without sideways scrolling at a width of 320 pixels.
accessibility-scripts = Pages work without scripts, in light and dark colours, with forced colours and in print.
accessibility-limits = Known limits
accessibility-english = Sentences of commands and errors are in English; they are marked as such for screen readers.
accessibility-others = Text of other participants is shown as they wrote it; its language is often not stated.
accessibility-people = The pages have not been tested with people with disabilities yet.
accessibility-contact = Contact
accessibility-write = Tell us of a barrier:
accessibility-no-contact = This participant has stated no contact. Turn to whoever runs the connector.
licences-title = Licences
licences-own = Hansa is free software under the Apache License, Version 2.0.
licences-parts = The program contains parts of other authors under their own free licences. Each release has a bill of materials that names them.
licences-fonts = The pages use the fonts of your system, no script and no file of another host.
