//! Sentences of prohibitions that are executed, and hours of the week in words.

use super::wording::Wording;
use hansa_policy::term::hours::HoursTerm;
use hansa_policy::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};

impl Wording<'_> {
    pub(super) fn prohibition(&self, one: &ProhibitionTerm) -> String {
        let what = match &one.part {
            None => match one.action {
                ProhibitedAction::Use => {
                    self.pick("every query", "jede Abfrage", "qualquer consulta")
                }
                ProhibitedAction::Query => self.pick(
                    "every query for rows",
                    "jede Abfrage von Zeilen",
                    "qualquer consulta de linhas",
                ),
                ProhibitedAction::Aggregate => self.pick(
                    "every query for figures on groups",
                    "jede Abfrage von Zahlen zu Gruppen",
                    "qualquer consulta de valores sobre grupos",
                ),
            }
            .to_owned(),
            Some(ProhibitedPart::Rows(filter)) => self.pick(
                format!("the rows for which this holds or can't be told: {filter}"),
                format!("die Zeilen, für die dies gilt oder nicht feststeht: {filter}"),
                format!("as linhas em que isto se verifica ou não se pode determinar: {filter}"),
            ),
            Some(ProhibitedPart::Columns(columns)) => {
                let list = self.language.all_of(columns);
                self.pick(
                    format!("the columns {list}"),
                    format!("die Spalten {list}"),
                    format!("as colunas {list}"),
                )
            }
        };
        let prohibited = self.pick("prohibited", "untersagt", "proibido");
        let conditions = self.conditions(&one.condition);
        if conditions.is_empty() {
            return format!("{prohibited}: {what}");
        }
        let when = match conditions.len() {
            1 => self.pick(
                "where this holds",
                "wenn dies zutrifft",
                "quando se verifica o seguinte",
            ),
            _ => self.pick(
                "where all of this holds",
                "wenn all dies zutrifft",
                "quando se verifica tudo o seguinte",
            ),
        };
        let comma = self.pick("", ",", "");
        format!(
            "{prohibited}: {what}{comma} {when}: {}",
            conditions.join("; ")
        )
    }

    fn conditions(&self, when: &ProhibitionCondition) -> Vec<String> {
        let ProhibitionCondition {
            purpose,
            from,
            until,
            hours,
            networks,
        } = when;
        let mut conditions = Vec::new();
        if let Some(list) = purpose {
            let list = self.purposes(list);
            conditions.push(self.pick(
                format!("the purpose declared is {list}, a narrower or a wider one, or none is declared"),
                format!("der angegebene Zweck ist {list}, ein engerer oder ein weiterer, oder es ist keiner angegeben"),
                format!("a finalidade declarada é {list}, outra mais restrita ou mais ampla, ou nenhuma é declarada"),
            ));
        }
        if let Some(from) = from {
            let from = self.from(*from);
            conditions.push(self.pick(
                format!("the query is made {from}"),
                format!("die Abfrage erfolgt {from}"),
                format!("a consulta é feita {from}"),
            ));
        }
        if let Some(until) = until {
            let until = self.until(*until);
            conditions.push(self.pick(
                format!("the query is made {until}"),
                format!("die Abfrage erfolgt {until}"),
                format!("a consulta é feita {until}"),
            ));
        }
        if let Some(hours) = hours {
            let hours = self.hours(hours);
            conditions.push(self.pick(
                format!("the query is made {hours}"),
                format!("die Abfrage erfolgt {hours}"),
                format!("a consulta é feita {hours}"),
            ));
        }
        if let Some(networks) = networks {
            let list = self.language.one_of(networks);
            conditions.push(self.pick(
                format!("the answer goes to the network addresses {list}, or it is not known where"),
                format!("die Antwort geht an die Netzadressen {list}, oder es ist unbekannt, wohin"),
                format!("a resposta é enviada para os endereços de rede {list}, ou não se sabe para onde"),
            ));
        }
        conditions
    }

    /// Hours of the week: `Monday to Friday and Sunday, 06:00 to 20:00, Berlin time`.
    pub(super) fn hours(&self, hours: &HoursTerm) -> String {
        let days = hours.days();
        let names = self.pick(DAYS_EN, DAYS_DE, DAYS_PT);
        let to = self.pick("to", "bis", "a");
        let mut parts: Vec<String> = Vec::new();
        let mut first: Option<&str> = None;
        for (at, name) in names.iter().enumerate() {
            if days.get(at) != Some(&true) {
                continue;
            }
            let begin = *first.get_or_insert(name);
            // A run of days ends here where the next one is not in it.
            if days.get(at.saturating_add(1)) != Some(&true) {
                parts.push(match begin == *name {
                    true => begin.to_owned(),
                    false => format!("{begin} {to} {name}"),
                });
                first = None;
            }
        }
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let (from, until) = hours.minutes();
        let (from, until) = (clock(from), clock(until));
        let (list, zone) = (self.language.all_of(&parts), self.zone_name(hours.zone()));
        self.pick(
            format!("{list}, {from} to {until}, {zone}"),
            format!("{list}, {from} bis {until} Uhr, {zone}"),
            format!("{list}, das {from} às {until}, {zone}"),
        )
    }
}

const DAYS_EN: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const DAYS_DE: [&str; 7] = [
    "Montag",
    "Dienstag",
    "Mittwoch",
    "Donnerstag",
    "Freitag",
    "Samstag",
    "Sonntag",
];
const DAYS_PT: [&str; 7] = [
    "segunda-feira",
    "terça-feira",
    "quarta-feira",
    "quinta-feira",
    "sexta-feira",
    "sábado",
    "domingo",
];
