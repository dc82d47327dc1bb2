
## First steps
steps-link = Erste Schritte: { $open } fehlen
steps-title = Erste Schritte
steps-open = Fehlende Schritte: { $open }. Die Reihenfolge ist frei, wo sie es sein kann.
steps-all-done = Alle ersten Schritte sind getan.
step-done = getan
step-missing = fehlt
step-not-needed = nicht nötig
step-other-role = Diese Seite ist für die Rolle: { $roles }
step-identity = Wer Sie sind
step-identity-hint = Name, Domain, Zeitzone und Sprache Ihres Teilnehmers stehen in der Konfiguration.
step-league = Ihre Liga
step-league-hint = Das Vertrauensbündel der Liga sagt, wem Ihr Konnektor glaubt.
step-reach = Andere sind erreichbar
step-reach-hint = Mindestens ein anderer Teilnehmer hat geantwortet. Die Prüfung sagt Schritt für Schritt, was im Weg ist.
step-dataset = Erster Datensatz
step-dataset-hint = Aus einer Datei wird ein Datensatz, der im Katalog veröffentlicht ist.
step-policy = Wer was erfahren darf
step-policy-hint = Eine Richtlinie sagt, was andere mit einem Datensatz tun dürfen.
step-offering = Anbieten
step-offering-hint = Ein Angebot richtet eine Richtlinie an andere, damit sie um einen Vertrag bitten können.
step-second-person = Zweite Person
step-second-person-hint = Eine zweite Person mit Unterschriftsrecht kann zustimmen, wo zwei nötig sind, und vertritt Sie, wenn Sie fehlen.
step-passkey = Ihr Passkey
step-passkey-hint = Mit einem Passkey bestätigen Sie Handlungen im Browser, ohne Terminal.
step-backup = Sicherung
step-backup-hint = Eine Kopie des Zustands, die auf diesem Rechner gemacht wurde.
