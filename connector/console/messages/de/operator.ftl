
## Acts of operators
running-act = Beenden
cut-title = Vor dem Ende der Antwort prüfen
cut = Antwort beenden
cut-done = Die Antwort wurde beendet.
cut-effect = Die Antwort wird jetzt abgebrochen. Das Prüfprotokoll schließt sie mit dem Code ANSWER_CANCELLED, und wer gefragt hat, erfährt es.
cut-for-good = Zeilen, die gesendet sind, bleiben bei der Gegenseite. Sie lassen sich nicht zurückholen.
reload-title = Vor dem Neuladen prüfen
reload = Neu laden
reload-done = Die Konfiguration wurde neu gelesen.
reload-effect = Der Konnektor liest Konfiguration, Datensätze, Zertifikate und das Vertrauensbündel neu. Laufende Antworten gehen weiter.
reload-faults = Hat ein Teil einen Fehler, so gilt weiter, was vorher galt, und die nächste Seite sagt es. Personen mit geänderten Rollen melden sich neu an.
