### Sentences of the terms of a contract.
###
### Contracts were signed with these words, so they stay as they are: another wording is another form of the page.

## Lists
list-and = und
list-or = oder
list-nothing = nichts

## Aggregate
functions = nur Aggregate: { $list }
function-variance = Varianz
function-units = Anzahl verschiedener Einheiten
dimensions = gruppiert und gefiltert nur nach { $list }
measures = Aggregate nur von { $list }
grid = Gruppen sind Zellen des Rasters { $grid }

## Secondary suppression
totals-from-published = Summen sind die der gezeigten Gruppen
suppress-complement = weitere Gruppen werden zurückgehalten, bis keine Summe im Vergleich mit anderen eine kleine Gruppe verrät
cell-key = Anzahlen sind durch Los auf ein Vielfaches von { $base } auf- oder abgerundet, gleich, wann immer eine Gruppe aus denselben Einheiten besteht

## Area
area = nur Zeilen mit { $lon } von { $west } bis { $east } und { $lat } von { $south } bis { $north } Grad

## Attestation
attest = die Löschung wird binnen { $days } Tagen nach jeder Antwort unterschrieben erklärt; danach wird ohne die Erklärung nichts mehr beantwortet

## Band
band = { $column } zeigt die Untergrenze seiner Stufe, von { $edges }

## Columns
columns = nur die Spalten { $list }

## Consent
obtain-consent = die betroffenen Personen haben eingewilligt

## Delivery
networks = nur in die Netze { $list }
formats = nur gesendet als { $list }

## Dominance
dominance-p = { $measure } einer Gruppe nur, wo alle außer ihren zwei größten { $unit } mindestens { $p } % des größten ausmachen
dominance-nk = { $measure } einer Gruppe nur, wo ihre { $n } größten { $unit } höchstens { $k } % ausmachen

## Duty
delete-after-one-day = was empfangen wurde, wird nach einem Tag gelöscht
delete-after-days = was empfangen wurde, wird nach { $days } Tagen gelöscht
attribution = die Quelle wird genannt als "{ $text }"
prohibit-distribute = nichts wird weitergegeben
prohibit-sell = nichts wird verkauft
prohibit-derive = keine anderen Werke werden daraus abgeleitet

## Embargo
embargo-days = Tage
embargo-hours = Stunden
embargo-minutes = Minuten
embargo-seconds = Sekunden
embargo = nur Zeilen, deren { $column } mindestens { $delay } zurückliegt

## Exclusivity
exclusive = niemand sonst erhält für diese Zeit einen Vertrag über den Datensatz

## Group
group = nur für die Mitglieder der Gruppe { $group }, nach einer Liste, die der Anbieter binnen 24 Stunden unterschrieben hat

## Hours
hours = nur { $hours }

## Inform
inform = die Parteien teilen einander mit: { $list }
event-first-use = die erste Nutzung
event-refusal = Ablehnungen
event-schema-change = Änderungen des Schemas
recipient-provider = den Leuten des Anbieters
recipient-consumer = den Leuten der Nutzerin
notify = der Konnektor des Anbieters teilt { $whom } mit: { $events }

## Joins
join-keys = hier nur über { $list } verknüpft
join-with-none = hier nicht in einer Frage mit einem anderen Datensatz
join-with = hier in einer Frage nur mit { $list }
keys-stay = die Spalten, über die verknüpft wird, dienen hier der Verknüpfung und werden niemandem gezeigt

## Key transfer
keys-travel-to-anybody = alle, die in derselben Frage gefragt werden
keys-travel = Werte von { $columns } dürfen an { $to } gesendet werden, damit nur passende Zeilen zurückkommen

## Legal basis
basis-consent = Einwilligung
basis-contract = Vertrag mit der Person
basis-obligation = rechtliche Verpflichtung
basis-vital = lebenswichtige Interessen
basis-public-task = Aufgabe im öffentlichen Interesse
basis-interests = berechtigte Interessen
legal-basis = Rechtsgrundlage: { $what } ({ $basis })

## Lookup
lookup = { $column } zeigt seine Stufe { $level } nach der Tabelle { $table }

## Mask
mask = { $column } ist immer { $value }

## Min group
min-group-values = nur Gruppen und Summen darin mit mindestens { $at_least } verschiedenen Werten von { $column }
min-group-rows = nur Gruppen und Summen darin aus mindestens { $at_least } Zeilen

## Place cells
cell-h3 = die H3-Zelle der Auflösung { $number }
cell-area = das Merkmal { $show } des Gebiets nach der Liste { $list }
cell-square = die Zelle von { $number } { $unit } des europäischen Gitters (EPSG:3035)
place-cells = { $lon } und { $lat } gibt es nicht; { $cell } zeigt stattdessen { $size }

## Prefix
prefix = { $column } zeigt die ersten { $length } Zeichen

## Price
price-question = Frage
price-row = Zeile
price-month = Monat
price = die Nutzerin zahlt { $amount } { $currency } je { $each }
price-prepaid = { $price }; { $paid } { $currency } sind vorausgezahlt, und darüber hinaus wird nichts beantwortet

## Privacy budget
budget-quarter-hour = Viertelstunde
budget-hour = Stunde
budget-day = Tag
budget-week = Woche
budget-month = Monat
budget-year = Jahr
budget-bounds = { $measure } von { $low } bis { $high }
budget-held = , Werte begrenzt auf { $held }
budget = Zahlen haben ein einmal gezogenes Rauschen: eine Freigabe verbraucht Epsilon { $each }, alle Verträge über den Datensatz zusammen höchstens { $most } je { $per } der Daten und je { $unit }; von einem { $unit } zählen höchstens { $cells } Gruppen einer Freigabe mit je { $rows } Zeilen{ $held }; ab { $from } ist jede Gruppe da, auch eine leere{ $named }, und eine Zahl kann unter null liegen

## Prohibition
prohibition-all = jede Frage
prohibition-rows = die Zeilen, für die { $filter } gilt oder offen ist
prohibition-columns = die Spalten { $list }
prohibition = untersagt: { $what }
prohibition-and = und wenn
prohibition-if = untersagt: { $what }, wenn { $conditions }
prohibition-purpose = der Zweck { $list } ist, enger, weiter oder nicht genannt
prohibition-from = es { $from } oder später ist
prohibition-until = es vor { $until } ist
prohibition-hours = es { $hours } ist
prohibition-networks = die Antwort nach { $list } geht oder unbekannt ist, wohin

## Pseudonym
pseudonym = { $column } ist durch einen Hash mit Schlüssel ersetzt, gleich bei gleichen Werten (Epoche { $epoch })

## Published area
published-area = nur Zeilen mit { $lon } und { $lat } im Gebiet { $which } der Liste { $list }

## Purpose
purpose = Zweck ist { $list }
purpose-not = Zweck ist nicht { $list } und kein Teil davon

## Quota
quota-questions = Fragen
quota-rows = Zeilen
quota = höchstens { $number } { $what } { $each }
result-rows = höchstens { $number } Zeilen in einer Antwort
quota-bytes = Byte
quota-size = höchstens { $size } { $each }
quota-each-hour = je Stunde
quota-each-day = je Tag ({ $zone })
quota-each-week = je Woche ({ $zone })
quota-each-30-days = je 30 Tage ({ $zone })

## Receipts
receipts = Quittungen werden gegengezeichnet, höchstens { $most } sind offen
one-sided-receipts = Programme des Nutzers dürfen ohne Konnektor fragen; ihre Quittungen zeichnet allein der Anbieter
open-data = jeder darf alle Zeilen im Internet abrufen, ohne bekannt zu sein

## Region
region = nur an Teilnehmer in { $region }, bescheinigt von einem anerkannten Aussteller

## Relative window
lasts-activation = { $days } Tage lang ab dem Inkrafttreten
lasts-first-use = { $days } Tage lang ab der ersten Frage

## Release
release-quarter-hour = jeder Viertelstunde
release-hour = jeder Stunde
release-day = jedes Tages
release-week = jeder Woche
release-month = jedes Monats
release-year = jedes Jahres
release-never = und ändern sich nie
release-wait = und ändern sich nur mit einer späteren Freigabe, um keine kleine Gruppe
release-correct = und ändern sich nur durch Korrekturen um keine kleine Gruppe
release = Gruppen { $every } von { $column } werden nach dessen Ende freigegeben, { $late }

## Row filter
rows-of-consumer = nur Zeilen mit { $filter }, {"{{consumer}}"} ist, wer fragt
rows = nur Zeilen mit { $filter }

## Schema version
version-exact = solange der Datensatz das unterschriebene Schema hat
version-compatible = auch wenn der Datensatz weitere Spalten erhält, die unsichtbar bleiben

## Sector
sector = nur für den Wirtschaftszweig { $list }, bescheinigt von einem anerkannten Aussteller

## Service level
service = der Anbieter antwortet { $availability } % der Zeit, 95 von 100 Antworten beginnen binnen { $p95_ms } ms

## Throughput
rows-per-second = höchstens { $rows } Zeilen je Sekunde
concurrent = höchstens { $most } Antworten zugleich

## Time bucket
time-bucket = { $column } ist auf { $to } abgerundet ({ $zone })
bucket-quarter-hour = die Viertelstunde
bucket-hour = die Stunde
bucket-day = den Tag
bucket-week = die Woche
bucket-month = den Monat
bucket-year = das Jahr

## Window
not-before = in Kraft ab { $from }
not-after = in Kraft bis { $until }
