//! A prohibition in words.

use super::{ProhibitedPart, ProhibitionCondition, ProhibitionTerm};
use crate::term::language::Language;

pub(super) fn said(one: &ProhibitionTerm, tongue: Language) -> String {
    let what = match &one.part {
        None => tongue.pick(
            "every question".to_owned(),
            "jede Frage".to_owned(),
            "qualquer pergunta".to_owned(),
        ),
        Some(ProhibitedPart::Rows(filter)) => tongue.pick(
            format!("the rows for which {filter} holds or can't be told"),
            format!("die Zeilen, für die {filter} gilt oder offen ist"),
            format!("as linhas em que {filter} se verifica ou não se sabe"),
        ),
        Some(ProhibitedPart::Columns(list)) => {
            let list = tongue.all_of(list);
            tongue.pick(
                format!("the columns {list}"),
                format!("die Spalten {list}"),
                format!("as colunas {list}"),
            )
        }
    };
    let prohibited = tongue.pick("prohibited", "untersagt", "proibido");
    let conditions = conditions(&one.condition, tongue);
    if conditions.is_empty() {
        return format!("{prohibited}: {what}");
    }
    let (when, and) = tongue.pick(
        (" if ", " and "),
        (", wenn ", " und wenn "),
        (" se ", " e se "),
    );
    format!("{prohibited}: {what}{when}{}", conditions.join(and))
}

fn conditions(when: &ProhibitionCondition, tongue: Language) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(list) = &when.purpose {
        let list = tongue.one_of(list);
        all.push(tongue.pick(
            format!("the purpose is {list}, narrower, wider or not declared"),
            format!("der Zweck {list} ist, enger, weiter oder nicht genannt"),
            format!("a finalidade é {list}, mais restrita, mais ampla ou não declarada"),
        ));
    }
    if let Some(from) = when.from {
        all.push(tongue.pick(
            format!("it is {from} or later"),
            format!("es {from} oder später ist"),
            format!("é {from} ou mais tarde"),
        ));
    }
    if let Some(until) = when.until {
        all.push(tongue.pick(
            format!("it is before {until}"),
            format!("es vor {until} ist"),
            format!("é antes de {until}"),
        ));
    }
    if let Some(hours) = &when.hours {
        all.push(tongue.pick(
            format!("it is {hours}"),
            format!("es {hours} ist"),
            format!("é {hours}"),
        ));
    }
    if let Some(list) = &when.networks {
        let list = tongue.one_of(list);
        all.push(tongue.pick(
            format!("the answer goes to {list}, or it is not known where"),
            format!("die Antwort nach {list} geht oder unbekannt ist, wohin"),
            format!("a resposta vai para {list}, ou não se sabe para onde"),
        ));
    }
    all
}
