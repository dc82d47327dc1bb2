
## Operations
nav-section-pages = Seiten dieses Bereichs
duration-seconds = { $number } s
duration-minutes = { $number } min
duration-hours = { $number } Std.
check-good = in Ordnung
check-bad = Störung
operations-title = Betrieb
operations-health = Zustand
operations-peers = Teilnehmer
operations-doctor = Prüfung
operations-running = Laufende Antworten
operations-delivery = Wartende Nachrichten
operations-workers = Hilfsrechner
operations-backup = Sicherungen
operations-now = Jetzt
operations-answers = Antworten, die gerade laufen
operations-known-peers = Bekannte Teilnehmer
operations-records = Einträge im Prüfprotokoll
operations-disk = Freier Platz für das Prüfprotokoll
operations-memory = Speicher, den Abfragen belegen
operations-bundle-end = Ende des Vertrauensbündels
operations-certificate-end = Ende des Zertifikats
health-caption = Bedingungen, ohne die keine Abfrage beantwortet wird
health-check = Prüfpunkt
health-finding = Befund
health-reason = Ursache und Abhilfe
health-no-fault = Keine Störung gefunden.
check-log = Prüfprotokoll lässt sich schreiben
check-state = Zustandsordner lässt sich lesen
check-clock = Auf die Uhr ist Verlass
check-bundle = Vertrauensbündel gilt
check-certificate = Zertifikat gilt

## Participants
peers-title = Teilnehmer
peers-as-known = Die Liste zeigt, was dieser Konnektor weiß. Dafür wird kein Teilnehmer angerufen; das tut erst die Prüfung.
peers-none = Noch ist kein Teilnehmer bekannt.
peers-caption = Teilnehmer, mit denen dieser Konnektor spricht
peer-name = Teilnehmer
peer-address = Adresse
peer-contact = Letzter Anruf von uns
peer-program = Programm
peer-contracts = Verträge in Kraft
peer-messages = Wartende Nachrichten
peer-doctor = Prüfung
peer-check = Prüfen
peer-reached = erreicht
peer-reached-before = zuvor erreicht:
peer-round-trip = { $number } ms
peer-failed = nicht erreicht
peer-not-called = seit dem Start des Konnektors nicht angerufen
peer-program-unknown = noch nicht bekannt
peer-no-member = kein Mitglied des Verbunds
peer-forked = sein Prüfprotokoll hat zwei Stände

## Check
doctor-title = Prüfung des Konnektors
doctor-title-of = Prüfung des Wegs zu { $name }
doctor-what = Die Prüfung geht Schritt für Schritt vor: Prüfprotokoll, Datenträger, Uhr, Vertrauensbündel, Zertifikat, veröffentlichte Dateien, danach der Weg zu jedem Teilnehmer: Name, Port, Verbindung, Prüfprotokoll, Katalog und Verträge.
doctor-changes-nothing = Sie ruft die Teilnehmer an und ändert nichts. Zu jeder Störung steht eine Abhilfe da.
doctor-run = Jetzt prüfen
doctor-run-again = Noch einmal prüfen
doctor-duration = Auf einen Teilnehmer, der nicht antwortet, wird bis zu fünf Sekunden gewartet.
doctor-all = Prüfung aller Teilnehmer
doctor-here = dieser Konnektor
doctor-no-fault = Die Prüfung fand keine Störung.
doctor-faults = Störungen: { $number }
doctor-caption = Befunde in der Reihenfolge der Prüfpunkte
doctor-at = Ort
doctor-found = Einzelheit und Abhilfe

## Running answers
running-title = Laufende Antworten
running-none = Gerade läuft keine Antwort. Hier erscheinen Antworten, während ihre Zeilen berechnet und gesendet werden.
running-caption = Antworten, die gerade laufen, die älteste zuerst
running-more = Die Liste zeigt die ältesten; Antworten insgesamt: { $number }
running-question = Abfrage
running-who = Wer fragt
running-datasets = Datensätze
running-purpose = Zweck
running-contracts = Verträge
running-rows = Gesendete Zeilen
running-age = Dauer
running-house = eigene Leute
running-web = jedermann, über eine öffentliche Sicht
running-undecided = noch nicht entschieden
running-no-purpose = keiner angegeben
running-no-contract = eigene Daten

## Waiting messages
delivery-title = Wartende Nachrichten
delivery-what = Nachrichten aus Verhandlungen, Kündigungen und Quittungen warten hier, bis der andere Teilnehmer sie bestätigt hat.
delivery-none = Keine Nachricht wartet.
delivery-caption = Wartende Nachrichten nach Empfänger
delivery-to = Empfänger
delivery-number = Nummer
delivery-kind = Art
delivery-about = Betrifft
delivery-since = Seit
delivery-about-none = ein Vertrag oder eine Kündigung
delivery-since-unknown = nicht bekannt
delivery-unreadable = nicht lesbar
message-request = Anfrage
message-offer = Angebot
message-acceptance = Annahme
message-agreement = Unterschrift des Anbieters
message-verification = Unterschrift des Nutzers
message-finalization = Vertrag mit beiden Unterschriften
message-termination = Ende einer Verhandlung
message-comment = Anmerkung zu einer Klausel
message-statement = Erklärung zu einem Vertrag
message-withdrawal = Kündigung eines Vertrags
message-acknowledgement = Bestätigung einer Quittung

## Workers
workers-title = Hilfsrechner
workers-what = Hilfsrechner sind Maschinen dieses Teilnehmers, auf die große Abfragen verteilt werden. Gezeigt wird der Zustand bei der letzten Abfrage.
workers-none = Kein Hilfsrechner ist eingerichtet: diese Maschine beantwortet jede Abfrage allein.
workers-caption = Hilfsrechner der Konfiguration
worker-name = Hilfsrechner
worker-address = Adresse
worker-state = Zustand
worker-connected = verbunden
worker-unreachable = nicht erreicht
worker-not-asked = zuletzt nicht gefragt

## Backups
backup-title = Sicherungen
backup-none = Hier wurde noch keine Sicherung angelegt. Ohne sie gehen mit einem defekten Datenträger alle Verträge und ihre Nachweise verloren.
backup-unrehearsed = Keine Sicherung wurde mit Erfolg erprobt: niemand weiß, ob sich eine zurückspielen lässt.
backup-caption = Hier angelegte oder erprobte Sicherungen, die neueste zuerst
backup-file = Datei
backup-made = Angelegt
backup-size = Größe
backup-rehearsed = Letzte Erprobung
backup-result = Ergebnis
backup-made-elsewhere = nicht hier
backup-size-unknown = nicht bekannt
backup-never-rehearsed = nie
backup-records = Einträge: { $number }
backup-good = lässt sich zurückspielen
backup-bad = hat Fehler
backup-unknown = nicht bekannt
backup-how = Eine Sicherung anlegen und erproben
backup-rehearse = Dieser Befehl erprobt sie: die Sicherung wird ausgepackt, geöffnet, bis zum Ende gelesen und wieder verworfen.
backup-keys = Eine Sicherung enthält keine Schlüssel. Bewahren Sie diese getrennt auf.
