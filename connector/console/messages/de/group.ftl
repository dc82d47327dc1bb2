
## Groups
groups-title = Gruppen
groups-what = Ein Vertrag kann für eine Gruppe gelten. Ihre Mitglieder stehen auf einer Liste, die dieser Teilnehmer unterschreibt und von selbst erneuert.
groups-none = Dieser Teilnehmer hat noch keine Gruppe.
groups-caption = Gruppen und ihre Mitglieder
groups-more = Die Liste zeigt die ersten; Gruppen insgesamt: { $number }
group-name = Gruppe
group-members = Mitglieder
group-until = Ende der Liste
group-in-force = gilt
group-add = Zu einer Gruppe hinzufügen
group-add-title = Vor dem Hinzufügen zu einer Gruppe prüfen
group-add-done = Die neue Liste ist unterschrieben und gilt.
group-add-effect = Die Teilnehmer erhalten von jetzt an, was Verträge für die Gruppe hinauslassen.
group-add-second = Wo zwei Personen nötig sind, ändert sich nichts, bis eine andere Person dieselben Teilnehmer hinzugefügt hat.
group-name-hint = Kleine Buchstaben, Ziffern und Bindestriche. Eine Gruppe, die es nicht gibt, entsteht dabei.
group-name-fault = Geben Sie den Namen einer Gruppe an
group-participants = Teilnehmer
group-participants-hint = Domains oder Kurznamen von Mitgliedern der Liga, je Zeile einer.
group-participants-fault = Geben Sie mindestens einen Teilnehmer an, je Zeile einen
group-remove = Mitglieder entfernen
group-remove-title = Vor dem Entfernen von Mitgliedern prüfen
group-remove-done = Die neue Liste ist unterschrieben und gilt.
group-remove-effect = Antworten, die für diese Mitglieder unter Verträgen für die Gruppe laufen, werden abgebrochen. Sie erhalten darunter nichts mehr.
group-remove-again = Um es rückgängig zu machen, fügen Sie sie wieder hinzu.
group-members-fault = Wählen Sie mindestens ein Mitglied
