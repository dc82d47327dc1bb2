### Sentences of the terms of a contract.
###
### Contracts were signed with these words, so they stay as they are: another wording is another form of the page.

## Lists
list-and = and
list-or = or
list-nothing = none

## Aggregate
functions = aggregates only: { $list }
function-variance = variance
function-units = number of different units
dimensions = grouped and filtered by { $list } only
measures = aggregates of { $list } only
grid = groups are cells of the grid { $grid }

## Secondary suppression
totals-from-published = totals are those of the groups shown
suppress-complement = further groups are withheld until no total, taken from others, tells of a small group
cell-key = counts are rounded up or down to a multiple of { $base } by lot, the same whenever a group is of the same units

## Area
area = only rows with { $lon } from { $west } to { $east } and { $lat } from { $south } to { $north } degrees

## Attestation
attest = its deletion is stated, signed, within { $days } days of each answer; from then on nothing is answered without the statement

## Band
band = { $column } shows the lower edge of its band, of { $edges }

## Columns
columns = only the columns { $list }

## Consent
obtain-consent = the persons concerned have consented

## Delivery
networks = only to the networks { $list }
formats = sent as { $list } only

## Dominance
dominance-p = { $measure } of a group only where all but its two largest { $unit } make at least { $p } % of the largest
dominance-nk = { $measure } of a group only where its { $n } largest { $unit } make at most { $k } %

## Duty
delete-after-one-day = what was received is deleted after one day
delete-after-days = what was received is deleted after { $days } days
attribution = the source is named as "{ $text }"
prohibit-distribute = it is not passed on
prohibit-sell = it is not sold
prohibit-derive = no other works are derived from it

## Embargo
embargo-days = days
embargo-hours = hours
embargo-minutes = minutes
embargo-seconds = seconds
embargo = only rows whose { $column } is at least { $delay } ago

## Exclusivity
exclusive = nobody else gets a contract on the dataset for this time

## Group
group = only for the members of the group { $group }, by a list that the provider has signed within 24 hours

## Hours
hours = only at { $hours }

## Inform
inform = the parties tell each other of { $list }
event-first-use = the first use
event-refusal = refusals
event-schema-change = changes of the schema
recipient-provider = the provider's people
recipient-consumer = the consumer's people
notify = the provider's connector tells { $whom } of { $events }

## Joins
join-keys = joined here over { $list } only
join-with-none = not in one question with another dataset here
join-with = in one question here with { $list } only
keys-stay = the columns that it is joined over are used for joins here and shown to nobody

## Key transfer
keys-travel-to-anybody = whoever else is asked in the same question
keys-travel = values of { $columns } may be sent to { $to }, so that they answer with the rows alone that fit

## Legal basis
basis-consent = consent
basis-contract = a contract with the person
basis-obligation = a legal obligation
basis-vital = vital interests
basis-public-task = a task in the public interest
basis-interests = legitimate interests
legal-basis = the legal basis is { $what } ({ $basis })

## Lookup
lookup = { $column } shows its { $level } by the table { $table }

## Mask
mask = { $column } is always { $value }

## Min group
min-group-values = only groups, and sums in them, of at least { $at_least } different values of { $column }
min-group-rows = only groups, and sums in them, of at least { $at_least } rows

## Place cells
cell-h3 = the H3 cell of resolution { $number }
cell-area = the { $show } of the area by the list { $list }
cell-square = the cell of { $number } { $unit } of the European grid (EPSG:3035)
place-cells = { $lon } and { $lat } do not exist; { $cell } shows { $size } instead

## Prefix
prefix = { $column } shows its first { $length } characters

## Price
price-question = question
price-row = row
price-month = month
price = the consumer pays { $amount } { $currency } for each { $each }
price-prepaid = { $price }; { $paid } { $currency } are paid beforehand, and nothing is answered beyond what was paid

## Privacy budget
budget-quarter-hour = quarter hour
budget-hour = hour
budget-day = day
budget-week = week
budget-month = month
budget-year = year
budget-bounds = { $measure } from { $low } to { $high }
budget-held = , values held within { $held }
budget = numbers have noise that is drawn once: a release spends epsilon { $each }, all contracts on the dataset together at most { $most } for each { $per } of data and each { $unit }; of one { $unit } at most { $cells } groups of a release count, with { $rows } rows in each{ $held }; every group is there from { $from } on, also an empty one{ $named }, and a number can be below zero

## Prohibition
prohibition-all = every question
prohibition-rows = the rows for which { $filter } holds or can't be told
prohibition-columns = the columns { $list }
prohibition = prohibited: { $what }
prohibition-and = and
prohibition-if = prohibited: { $what } if { $conditions }
prohibition-purpose = the purpose is { $list }, narrower, wider or not declared
prohibition-from = it is { $from } or later
prohibition-until = it is before { $until }
prohibition-hours = it is { $hours }
prohibition-networks = the answer goes to { $list }, or it is not known where

## Pseudonym
pseudonym = { $column } is replaced by a keyed hash, the same for equal values (epoch { $epoch })

## Published area
published-area = only rows with { $lon } and { $lat } in the area { $which } of the list { $list }

## Purpose
purpose = purpose is { $list }
purpose-not = purpose is not { $list }, nor part of it

## Quota
quota-questions = questions
quota-rows = rows
quota = at most { $number } { $what } { $each }
result-rows = at most { $number } rows in one answer
quota-bytes = bytes
quota-size = at most { $size } { $each }
quota-each-hour = each hour
quota-each-day = each day ({ $zone })
quota-each-week = each week ({ $zone })
quota-each-30-days = each 30 days ({ $zone })

## Receipts
receipts = receipts are countersigned, at most { $most } are open
one-sided-receipts = programs of the consumer may ask without a connector; the provider alone signs their receipts
open-data = anybody may fetch all rows over the web, without being known

## Region
region = only to participants in { $region }, attested by a recognised issuer

## Relative window
lasts-activation = for { $days } days from the day on which it came into force
lasts-first-use = for { $days } days from the first question under it

## Release
release-quarter-hour = quarter hour
release-hour = hour
release-day = day
release-week = week
release-month = month
release-year = year
release-never = and never change
release-wait = and change only with a later release, by no small group
release-correct = and change only by corrections of no small group
release = groups of each { $every } of { $column } are released when it is over, { $late }

## Row filter
rows-of-consumer = only rows where { $filter }, {"{{consumer}}"} being whoever asks
rows = only rows where { $filter }

## Schema version
version-exact = as long as the dataset has the schema that was signed
version-compatible = also when the dataset gets more columns, which stay invisible

## Sector
sector = only for the sector { $list }, attested by a recognised issuer

## Service level
service = the provider answers { $availability } % of the time, 95 of 100 answers begin within { $p95_ms } ms

## Throughput
rows-per-second = at most { $rows } rows in a second
concurrent = at most { $most } answers at once

## Time bucket
time-bucket = { $column } is rounded down to the { $to } ({ $zone })
bucket-quarter-hour = quarter hour
bucket-hour = hour
bucket-day = day
bucket-week = week
bucket-month = month
bucket-year = year

## Window
not-before = in force from { $from }
not-after = in force until { $until }
