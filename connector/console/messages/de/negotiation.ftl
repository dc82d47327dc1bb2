
## Comparison of terms
compare = Mit einer anderen Fassung vergleichen
compare-title = Vergleich von { $subject }
compare-from-to = Von { $old } zu { $new }:
compare-last-message = Was die letzte Nachricht geändert hat:
compare-nothing = Keine Nachricht hat die Bedingungen geändert. Wählen Sie unten eine andere Fassung.
compare-back = Zurück zur Seite
compare-caption = Klauseln, die sich unterscheiden; abweichende Wörter sind markiert
compare-before = Vorher
compare-after = Nachher
compare-effect = Wirkung
compare-no-clause = keine solche Klausel
compare-verdict = Im Ganzen: { $verdict }
compare-same-clauses = Die Klauseln sind dieselben.
compare-lines = Alle Änderungen auf Englisch, auch von Teilen, die keine Klauseln sind
compare-candidates = Andere Fassungen zum selben Datensatz
compare-none = Zu diesem Datensatz gibt es keinen anderen Vertrag und keine andere Verhandlung.
compare-more = Es gibt weitere, die in dieser Liste fehlen.
effect-same = dieselben Daten
effect-tighter = weniger Daten (enger)
effect-looser = mehr Daten (weiter)
effect-open = nicht vergleichbar: Lesen Sie beide

## Answer with other terms
counter = Mit anderen Bedingungen antworten
counter-title = Mit anderen Bedingungen antworten
counter-done = Die Antwort mit anderen Bedingungen ist unterschrieben und gesandt.
counter-effect = Die Antwort wird von diesem Teilnehmer unterschrieben und dem anderen gesandt, der dann am Zug ist.
counter-replaces = Sie tritt an die Stelle des Vorschlags. Dieser kann nicht mehr unterschrieben werden.
counter-binds-nobody = Ein Vertrag entsteht dadurch nicht: Dafür unterschreiben beide Seiten.
counter-unsupported = Diese Klauseln kann das Formular nicht ausdrücken: { $clauses }. Sie stehen als Kommentare im Text, und die Antwort würde sie weglassen.
counter-terms = Bedingungen
counter-terms-hint = Wie in einer Richtliniendatei. Ändern, ergänzen oder löschen Sie Zeilen.
counter-terms-fault = Berichtigen Sie die Bedingungen

## Request for a contract
request = Vertrag anfragen
request-title = Vor der Anfrage prüfen
request-done = Die Anfrage ist unterschrieben und gesandt.
request-effect = Die Anfrage wird von diesem Teilnehmer unterschrieben und an { $other } gesandt, mit den Bedingungen, wie sie angeboten sind.
request-signatures = Ist die andere Seite einverstanden, so wartet die Seite hier auf eine Unterschrift, falls das Angebot nicht von selbst unterschreibt.
request-binds-nobody = Die Anfrage allein macht keinen Vertrag.
request-has-contract = Verträge zu diesem Datensatz, die hier gelten: { $number }
request-offer = Angebot
request-offer-fault = Wählen Sie ein Angebot
request-language = Sprache der Seite, die beide unterschreiben
request-language-hint = Die Seite wird allein in dieser Sprache unterschrieben.
request-language-fault = Wählen Sie eine Sprache
