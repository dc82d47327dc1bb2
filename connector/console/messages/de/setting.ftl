
## Settings
settings-title = Einstellungen
settings-title-of = Einstellungen: { $section }
settings-configuration = Konfiguration
settings-people = Personen
settings-tokens = Zugangsschlüssel
settings-own = Eigene Person
settings-file = Konfigurationsdatei
settings-state = Zustandsordner
settings-how = Die Konfiguration ist eine Datei. Ändern Sie sie mit einem Editor, und führen Sie dann den Befehl hansa reload aus.
settings-sections-caption = Abschnitte der Konfiguration
settings-section = Abschnitt
settings-set = Schlüssel mit Wert
settings-known = Schlüssel insgesamt
settings-all-sections = Alle Abschnitte
settings-no-keys = Die Konfiguration hat hier keine Schlüssel.
settings-keys-caption = Schlüssel des Abschnitts
settings-key = Schlüssel
settings-value = Wert
settings-from = Herkunft
settings-meaning = Bedeutung
settings-effect = Wirkt
settings-secret = *** (geheim)
settings-no-value = nicht gesetzt
settings-default = Vorgabe
settings-no-meaning = Die Referenz sagt dazu nicht mehr.
settings-at-reload = nach hansa reload
settings-at-start = beim nächsten Start

## People
people-title = Personen
people-what = Diese Personen können sich hier anmelden. Sie stehen in der Konfiguration; eine Änderung ihrer Rollen beendet ihre Sitzungen.
people-none = In der Konfiguration steht keine Person.
people-caption = Personen dieses Teilnehmers
person-name = Name
person-roles = Rollen
person-unix = Unix-Benutzer
person-oidc = Konto beim Identitätsanbieter
people-roles = Was die Rollen bedeuten
roles-caption = Rollen und ihre Rechte
role-name = Rolle
role-in-file = Wort in der Datei
role-may = Rechte
role-officer-may = Liest eigene Datensätze, Regeln, Verträge und deren Nachweise; entwirft, merkt an und lehnt ab.
role-signer-may = Unterschreibt und kündigt Verträge, zusätzlich zur Sachbearbeitung.
role-analyst-may = Liest den Katalog und die Verträge dieses Teilnehmers; stellt Abfragen.
role-auditor-may = Liest Verträge, Nachweise und die Konfiguration; prüft und gibt aus.
role-operator-may = Betreibt den Konnektor: liest Zustand und Konfiguration, prüft ihn und legt Sicherungen an.

## Access tokens
tokens-title = Zugangsschlüssel
tokens-what = Mit einem Zugangsschlüssel stellt das Programm einer Person Abfragen. Sein Geheimnis wird einmal gezeigt, wenn er entsteht.
tokens-none = Es gibt keinen Zugangsschlüssel.
tokens-caption = Zugangsschlüssel ohne ihre Geheimnisse
token-id = Zugangsschlüssel
token-person = Person
token-purposes = Zwecke
token-contract = Vertrag
token-until = Ende
token-state = Zustand
token-person-erased = gelöscht
token-no-purpose = keine
token-all-contracts = alle dieses Teilnehmers
token-valid = gültig
token-over = abgelaufen
token-revoked = widerrufen

## Own person
own-title = Eigene Person
own-roles-from = Rollen stehen in der Konfiguration des Konnektors; hier ändert sie niemand.
own-sessions = Sitzungen
own-sessions-caption = Ihre Sitzungen, die neueste zuerst
own-session = Sitzung
own-opened = Angemeldet
own-used = Letzter Aufruf
own-this-session = diese hier
own-ago = vor { $time }
own-session-life = Eine Sitzung endet nach { $idle } ohne Aufruf und { $longest } nach der Anmeldung.
own-session-strange = Sehen Sie eine Sitzung, die nicht von Ihnen ist? Melden Sie sich ab, und sagen Sie es dem Betrieb: ein Neustart beendet alle Sitzungen.

## Errors
error-title = Fehler { $code }
error-cause = Ursache
error-remedy = Abhilfe
error-own-sentence = Die Seite oder der Befehl mit diesem Code zeigt dazu einen eigenen Satz mit den Einzelheiten.

## Statements
nav-statements = Über diese Konsole
accessibility-title = Barrierefreiheit
accessibility-goal = Diese Seiten sollen EN 301 549 und WCAG 2.2, Stufe AA, erfüllen.
accessibility-tested = Was geprüft wird
accessibility-axe = Seiten werden mit axe in Chromium geprüft.
accessibility-keyboard = Seiten lassen sich allein mit der Tastatur bedienen, und der Fokus ist immer sichtbar.
accessibility-narrow = Seiten lassen sich bei einer Breite von 320 Pixeln ohne seitliches Rollen lesen.
accessibility-scripts = Seiten funktionieren ohne Skripte, in hellen und dunklen Farben, mit erzwungenen Farben und im Druck.
accessibility-limits = Bekannte Grenzen
accessibility-english = Sätze von Befehlen und Fehlern sind englisch; für Vorleseprogramme sind sie so gekennzeichnet.
accessibility-others = Texte anderer Teilnehmer stehen da, wie sie geschrieben sind; ihre Sprache ist oft nicht angegeben.
accessibility-people = Die Seiten wurden noch nicht mit Menschen mit Behinderungen erprobt.
accessibility-contact = Kontakt
accessibility-write = Melden Sie uns eine Barriere:
accessibility-no-contact = Dieser Teilnehmer hat keinen Kontakt angegeben. Wenden Sie sich an den Betrieb des Konnektors.
licences-title = Lizenzen
licences-own = Hansa ist freie Software unter der Apache-Lizenz, Version 2.0.
licences-parts = Das Programm enthält Teile anderer Urheber unter deren eigenen freien Lizenzen. Zu jeder Ausgabe gehört eine Stückliste, die sie nennt.
licences-fonts = Die Seiten verwenden die Schriften Ihres Systems, kein Skript und keine Datei eines anderen Rechners.
