//! Sentences of the clauses on rows and columns.

use super::wording::{Wording, bucket_noun};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::row_filter::RowFilter;
use hansa_policy::term::band::BandTerm;
use hansa_policy::term::embargo::EmbargoTerm;
use hansa_policy::term::place_cells::PlaceCellsTerm;
use hansa_policy::term::prefix::PrefixTerm;
use hansa_policy::term::pseudonym::PseudonymTerm;
use hansa_policy::value::area::{BoundingBox, PublishedAreaTerm};
use hansa_policy::value::column::{LookupTerm, MaskValue};
use hansa_policy::value::time::TimeBucketWidth;

impl Wording<'_> {
    pub(super) fn row_filter(&self, filter: &RowFilter) -> String {
        let only = self.pick(
            format!("only rows for which this holds: {filter}"),
            format!("nur Zeilen, für die gilt: {filter}"),
            format!("apenas linhas em que se verifica: {filter}"),
        );
        if !filter.names_consumer() {
            return only;
        }
        let stands = self.pick(
            "{{consumer}} stands for whoever asks",
            "{{consumer}} steht für den, der abfragt",
            "{{consumer}} representa quem consulta",
        );
        format!("{only} ({stands})")
    }

    pub(super) fn only_columns(&self, columns: &[SqlIdentifier]) -> String {
        let list = self.language.all_of(columns);
        self.pick(
            format!("only the columns {list}; for the consumer there are no others"),
            format!("nur die Spalten {list}; andere gibt es für den Nutzer nicht"),
            format!("apenas as colunas {list}; para o utilizador não existem outras"),
        )
    }

    pub(super) fn pseudonym(&self, one: &PseudonymTerm) -> String {
        let PseudonymTerm { column, epoch } = one;
        self.pick(
            format!("{column} shows a pseudonym instead of its value (keyed hash, key no. {epoch}); equal values have the same one"),
            format!("{column} zeigt statt des Werts ein Pseudonym (Hash mit geheimem Schlüssel Nr. {epoch}); gleiche Werte haben dasselbe"),
            format!("{column} mostra um pseudónimo em vez do valor (hash com chave secreta n.º {epoch}); valores iguais têm o mesmo"),
        )
    }

    pub(super) fn mask(&self, column: &SqlIdentifier, mask: &MaskValue) -> String {
        match mask {
            MaskValue::Null => self.pick(
                format!("{column} shows no value in any row (NULL)"),
                format!("{column} zeigt in keiner Zeile einen Wert (NULL)"),
                format!("{column} não mostra valor em nenhuma linha (NULL)"),
            ),
            MaskValue::Constant(value) => self.pick(
                format!("{column} shows {value} in every row"),
                format!("{column} zeigt in jeder Zeile {value}"),
                format!("{column} mostra {value} em todas as linhas"),
            ),
        }
    }

    pub(super) fn prefix(&self, one: &PrefixTerm) -> String {
        let PrefixTerm { column, length } = one;
        match length {
            1 => self.pick(
                format!("{column} shows the first character of its value only"),
                format!("{column} zeigt nur das erste Zeichen seines Werts"),
                format!("{column} mostra apenas o primeiro carácter do valor"),
            ),
            _ => self.pick(
                format!("{column} shows the first {length} characters of its value only"),
                format!("{column} zeigt nur die ersten {length} Zeichen seines Werts"),
                format!("{column} mostra apenas os primeiros {length} caracteres do valor"),
            ),
        }
    }

    pub(super) fn band(&self, one: &BandTerm) -> String {
        let column = &one.column;
        let edges = self.decimals(&one.edges);
        self.pick(
            format!("{column} shows the lower limit of a band instead of its value; bands begin at {edges}"),
            format!("{column} zeigt statt des Werts die Untergrenze einer Klasse; Klassen beginnen bei {edges}"),
            format!("{column} mostra o limite inferior de um escalão em vez do valor; os escalões começam em {edges}"),
        )
    }

    pub(super) fn lookup(&self, one: &LookupTerm) -> String {
        let column = &one.column;
        let (level, table) = (self.quoted(&one.level), self.digest(&one.table));
        self.pick(
            format!(
                "{column} shows the level {level} instead of its value, by the table with {table}"
            ),
            format!(
                "{column} zeigt statt des Werts die Stufe {level} nach der Tabelle mit {table}"
            ),
            format!(
                "{column} mostra o nível {level} em vez do valor, segundo a tabela com {table}"
            ),
        )
    }

    pub(super) fn time_bucket(
        &self,
        column: &SqlIdentifier,
        bucket: TimeBucketWidth,
        zone: Option<&str>,
    ) -> String {
        let noun = bucket_noun(bucket);
        let zone = self.bucket_zone(bucket, zone);
        let (en, de, pt) = (noun.en, noun.de_genitive, noun.pt_of);
        self.pick(
            format!("{column} shows the beginning of the {en} only ({zone})"),
            format!("{column} zeigt nur den Beginn {de} ({zone})"),
            format!("{column} mostra apenas o início {pt} ({zone})"),
        )
    }

    pub(super) fn area(
        &self,
        lon: &SqlIdentifier,
        lat: &SqlIdentifier,
        bounds: &BoundingBox,
    ) -> String {
        let (west, east) = (self.decimal(&bounds.west), self.decimal(&bounds.east));
        let (south, north) = (self.decimal(&bounds.south), self.decimal(&bounds.north));
        self.pick(
            format!("only rows with {lon} from {west} to {east} and {lat} from {south} to {north} degrees"),
            format!("nur Zeilen mit {lon} von {west} bis {east} und {lat} von {south} bis {north} Grad"),
            format!("apenas linhas com {lon} de {west} a {east} e {lat} de {south} a {north} graus"),
        )
    }

    pub(super) fn published_area(&self, one: &PublishedAreaTerm) -> String {
        let PublishedAreaTerm {
            lon,
            lat,
            list,
            which,
        } = one;
        let list = self.digest(list);
        self.pick(
            format!("only rows with {lon} and {lat} in the area {which} of the list with {list}"),
            format!("nur Zeilen mit {lon} und {lat} im Gebiet {which} der Liste mit {list}"),
            format!("apenas linhas com {lon} e {lat} na área {which} da lista com {list}"),
        )
    }

    pub(super) fn place_cells(&self, one: &PlaceCellsTerm) -> String {
        let PlaceCellsTerm {
            lon,
            lat,
            cell,
            size,
        } = one;
        let size = self.cell_size(size);
        self.pick(
            format!("{lon} and {lat} do not exist for the consumer; {cell} shows {size} instead"),
            format!(
                "{lon} und {lat} gibt es für den Nutzer nicht; {cell} zeigt stattdessen {size}"
            ),
            format!(
                "{lon} e {lat} não existem para o utilizador; {cell} mostra em vez delas {size}"
            ),
        )
    }

    pub(super) fn embargo(&self, one: &EmbargoTerm) -> String {
        let column = &one.column;
        let seconds = one.delay.0;
        let delay = if seconds.is_multiple_of(86_400) {
            self.count(
                seconds / 86_400,
                ["day", "Tag", "dia"],
                ["days", "Tage", "dias"],
            )
        } else if seconds.is_multiple_of(3_600) {
            self.count(
                seconds / 3_600,
                ["hour", "Stunde", "hora"],
                ["hours", "Stunden", "horas"],
            )
        } else if seconds.is_multiple_of(60) {
            self.count(
                seconds / 60,
                ["minute", "Minute", "minuto"],
                ["minutes", "Minuten", "minutos"],
            )
        } else {
            self.count(
                seconds,
                ["second", "Sekunde", "segundo"],
                ["seconds", "Sekunden", "segundos"],
            )
        };
        self.pick(
            format!("only rows whose {column} is at least {delay} ago"),
            format!("nur Zeilen, deren {column} mindestens {delay} zurückliegt"),
            format!("apenas linhas cujo {column} ocorreu há pelo menos {delay}"),
        )
    }
}
