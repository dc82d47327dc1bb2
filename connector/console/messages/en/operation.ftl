
## Operations
nav-section-pages = Pages of this section
duration-seconds = { $number } s
duration-minutes = { $number } min
duration-hours = { $number } h
check-good = in order
check-bad = fault
operations-title = Operations
operations-health = Health
operations-peers = Participants
operations-doctor = Check
operations-running = Running answers
operations-delivery = Waiting messages
operations-workers = Workers
operations-backup = Backups
operations-now = Now
operations-answers = Answers running now
operations-known-peers = Known participants
operations-records = Records in the audit log
operations-disk = Free space for the audit log
operations-memory = Memory that questions use
operations-bundle-end = End of the trust bundle
operations-certificate-end = End of the certificate
health-caption = Conditions without which no question is answered
health-check = Check
health-finding = Finding
health-reason = Reason and remedy
health-no-fault = No fault was found.
check-log = Audit log can be written
check-state = State folder can be read
check-clock = Clock can be trusted
check-bundle = Trust bundle is in force
check-certificate = Certificate is valid

## Participants
peers-title = Participants
peers-as-known = The list shows what this connector knows. No participant is called for it; the check does that.
peers-none = No participant is known yet.
peers-caption = Participants that this connector talks to
peer-name = Participant
peer-address = Address
peer-contact = Last call by us
peer-program = Program
peer-contracts = Contracts in force
peer-messages = Waiting messages
peer-doctor = Check
peer-check = Check
peer-reached = reached
peer-reached-before = reached before:
peer-round-trip = { $number } ms
peer-failed = not reached
peer-not-called = not called since the start of the connector
peer-program-unknown = not known yet
peer-no-member = no member of the league
peer-forked = its audit log has two histories

## Check
doctor-title = Check of the connector
doctor-title-of = Check of the way to { $name }
doctor-what = The check goes step by step: audit log, disk, clock, trust bundle, certificate, published files, then the way to each participant: name, port, connection, audit log, catalogue and contracts.
doctor-changes-nothing = It calls the participants and changes nothing. Each fault is shown with a remedy.
doctor-run = Check now
doctor-run-again = Check again
doctor-duration = A participant that does not answer is waited for up to five seconds.
doctor-all = Check of all participants
doctor-here = this connector
doctor-no-fault = The check found no fault.
doctor-faults = Faults: { $number }
doctor-caption = Findings in the order of the checks
doctor-at = Place
doctor-found = Detail and remedy

## Running answers
running-title = Running answers
running-none = No answer runs now. Answers appear here while their rows are computed and sent.
running-caption = Answers that run now, the oldest first
running-more = The list shows the oldest; answers in all: { $number }
running-question = Question
running-who = Who asks
running-datasets = Datasets
running-purpose = Purpose
running-contracts = Contracts
running-rows = Rows sent
running-age = Age
running-house = people of this participant
running-web = anybody, by an open view
running-undecided = not decided yet
running-no-purpose = none declared
running-no-contract = own data

## Waiting messages
delivery-title = Waiting messages
delivery-what = Messages of negotiations, withdrawals and receipts wait here until the other participant has acknowledged them.
delivery-none = No message waits.
delivery-caption = Waiting messages by receiver
delivery-to = Receiver
delivery-number = Number
delivery-kind = Kind
delivery-about = About
delivery-since = Since
delivery-about-none = a contract or a withdrawal
delivery-since-unknown = not known
delivery-unreadable = can't be read
message-request = request
message-offer = offer
message-acceptance = acceptance
message-agreement = signature of the provider
message-verification = signature of the consumer
message-finalization = contract with both signatures
message-termination = end of a negotiation
message-comment = comment on a clause
message-statement = statement under a contract
message-withdrawal = withdrawal of a contract
message-acknowledgement = acknowledgement of a receipt

## Workers
workers-title = Workers
workers-what = Workers are machines of this participant among which large questions are split. Their state is that of the last question.
workers-none = No worker is configured: this machine answers each question alone.
workers-caption = Workers of the configuration
worker-name = Worker
worker-address = Address
worker-state = State
worker-connected = connected
worker-unreachable = not reached
worker-not-asked = not asked lately

## Backups
backup-title = Backups
backup-none = No backup was made here yet. Without one, a broken disk ends all contracts and their evidence.
backup-unrehearsed = No backup has been rehearsed with success: nobody knows if one can be put back.
backup-caption = Backups that were made or rehearsed here, the newest first
backup-file = File
backup-made = Made
backup-size = Size
backup-rehearsed = Last rehearsal
backup-result = Result
backup-made-elsewhere = not here
backup-size-unknown = not known
backup-never-rehearsed = never
backup-records = records: { $number }
backup-good = can be put back
backup-bad = has faults
backup-unknown = not known
backup-how = Make and rehearse a backup
backup-rehearse = This command rehearses it: the backup is unpacked, opened, read to its end and thrown away.
backup-keys = A backup holds no keys. Keep them apart from it.
