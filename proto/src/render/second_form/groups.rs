//! Sentences of the clauses on groups, and the groups themselves in words.

use super::wording::{Wording, bucket_noun};
use hansa_audit_log::digest::Digest;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::term::Term;
use hansa_policy::value::cell::CellSize;
use hansa_policy::value::cube::{
    CountingUnit, CubeFunction, DominanceRule, DominanceTerm, LateDataPolicy, ReleaseTerm,
};
use hansa_policy::value::privacy_budget::PrivacyBudgetTerm;
use hansa_policy::value::time::TimeBucketWidth;

impl Wording<'_> {
    pub(super) fn functions(&self, functions: &[CubeFunction]) -> String {
        let names: Vec<&str> = functions
            .iter()
            .map(|function| match function {
                CubeFunction::Count => self.pick("numbers of rows", "Anzahlen", "contagens"),
                CubeFunction::Sum => self.pick("sums", "Summen", "somas"),
                CubeFunction::Avg => self.pick("means", "Mittelwerte", "médias"),
                CubeFunction::Variance => self.pick("variances", "Varianzen", "variâncias"),
                CubeFunction::Units => self.pick(
                    "numbers of different units",
                    "Anzahlen verschiedener Einheiten",
                    "números de unidades diferentes",
                ),
            })
            .collect();
        let list = self.language.all_of(&names);
        self.pick(
            format!("figures on groups of rows only, and no single row: {list}"),
            format!("nur Zahlen zu Gruppen von Zeilen und keine einzelne Zeile: {list}"),
            format!("apenas valores sobre grupos de linhas, e nenhuma linha individual: {list}"),
        )
    }

    pub(super) fn dimensions(&self, columns: &[SqlIdentifier]) -> String {
        let list = self.language.all_of(columns);
        self.pick(
            format!("grouped and filtered by {list} only"),
            format!("gruppiert und gefiltert nur nach {list}"),
            format!("agrupados e filtrados apenas por {list}"),
        )
    }

    pub(super) fn measures(&self, columns: &[SqlIdentifier]) -> String {
        let list = self.language.all_of(columns);
        self.pick(
            format!("worked out of {list} only"),
            format!("berechnet nur aus {list}"),
            format!("calculados apenas a partir de {list}"),
        )
    }

    pub(super) fn grid(&self, grid: &str) -> String {
        self.pick(
            format!("the groups are the cells of the registered grid {grid}"),
            format!("die Gruppen sind die Zellen des registrierten Rasters {grid}"),
            format!("os grupos são as células da grelha registada {grid}"),
        )
    }

    /// Groups in words: `site by day of at (Berlin time)`.
    fn grid_words(&self, dimensions: &[SqlIdentifier]) -> String {
        let (timed, plain): (Vec<&SqlIdentifier>, Vec<&SqlIdentifier>) = dimensions
            .iter()
            .partition(|column| self.bucket_of(column).is_some());
        let mut parts: Vec<String> = plain.iter().map(ToString::to_string).collect();
        for column in timed {
            if let Some((bucket, zone)) = self.bucket_of(column) {
                let (noun, zone) = (bucket_noun(bucket), self.bucket_zone(bucket, zone));
                parts.push(self.pick(
                    format!("{} of {column} ({zone})", noun.en),
                    format!("{} von {column} ({zone})", noun.de),
                    format!("{} de {column} ({zone})", noun.pt),
                ));
            }
        }
        parts.join(self.pick(" by ", " je ", " por "))
    }

    /// Lines on what a group is, and on coarser totals; empty where the clauses permit rows.
    pub(super) fn group_lines(&self) -> Vec<String> {
        let terms = || self.clauses.iter().map(|clause| &clause.term);
        if !terms().any(Term::aggregates) {
            return Vec::new();
        }
        let mut lines = Vec::new();
        let dimensions = terms().find_map(|term| match term {
            Term::Dimensions(columns) if !columns.is_empty() => Some(columns),
            _ => None,
        });
        if let Some(columns) = dimensions {
            let grid = self.grid_words(columns);
            lines.push(self.pick(
                format!("the groups in words: {grid}"),
                format!("die Gruppen in Worten: {grid}"),
                format!("os grupos em palavras: {grid}"),
            ));
        }
        let timed = dimensions.is_some_and(|columns| {
            columns
                .iter()
                .any(|column| self.bucket_of(column).is_some())
        });
        let coarser = match timed {
            true => self.pick(
                "coarser totals are permitted too: by fewer of these columns, or by longer periods that are made of whole ones",
                "gröbere Gesamtwerte sind ebenfalls zulässig: nach weniger dieser Spalten oder nach längeren Zeiträumen aus ganzen kürzeren",
                "são também permitidos totais menos pormenorizados: por menos destas colunas, ou por períodos mais longos compostos de períodos inteiros",
            ),
            false => self.pick(
                "coarser totals are permitted too: by fewer of these columns",
                "gröbere Gesamtwerte sind ebenfalls zulässig: nach weniger dieser Spalten",
                "são também permitidos totais menos pormenorizados: por menos destas colunas",
            ),
        };
        lines.push(coarser.to_owned());
        let units = terms().any(
            |term| matches!(term, Term::Functions(list) if list.contains(&CubeFunction::Units)),
        );
        if units {
            lines.push(
                self.pick(
                    "numbers of different units are shown for the groups alone, and not for coarser totals",
                    "Anzahlen verschiedener Einheiten werden nur für die Gruppen gezeigt, nicht für gröbere Gesamtwerte",
                    "os números de unidades diferentes são mostrados apenas para os grupos, e não para totais menos pormenorizados",
                )
                .to_owned(),
            );
        }
        // With noise every group is there, and none is withheld.
        if !terms().any(|term| matches!(term, Term::Budget(_))) {
            lines.push(
                self.pick(
                    "an empty group and a group that is withheld look alike: neither is shown",
                    "eine leere und eine zurückgehaltene Gruppe sehen gleich aus: keine von beiden wird gezeigt",
                    "um grupo vazio e um grupo retido têm o mesmo aspeto: nenhum é mostrado",
                )
                .to_owned(),
            );
        }
        lines
    }

    pub(super) fn least_size(&self, at_least: u32, unit: &CountingUnit) -> String {
        let number = self.language.number(u64::from(at_least));
        match (unit, at_least) {
            (CountingUnit::Rows, 0 | 1) => self.pick(
                "a group without rows: nothing is shown".to_owned(),
                "eine Gruppe ohne Zeilen: nichts wird gezeigt".to_owned(),
                "um grupo sem linhas: nada é mostrado".to_owned(),
            ),
            (CountingUnit::Column(column), 0 | 1) => self.pick(
                format!("a group without a value of {column}: nothing is shown, and no figure that is made without one"),
                format!("eine Gruppe ohne Wert von {column}: nichts wird gezeigt, auch keine Zahl, die ohne einen solchen entsteht"),
                format!("um grupo sem valor de {column}: nada é mostrado, nem um valor calculado sem ele"),
            ),
            (CountingUnit::Rows, _) => self.pick(
                format!("a group of fewer than {number} rows: nothing is shown; the same holds for each figure in it and for each total"),
                format!("eine Gruppe mit weniger als {number} Zeilen: nichts wird gezeigt; dasselbe gilt für jede Zahl darin und für jeden Gesamtwert"),
                format!("um grupo com menos de {number} linhas: nada é mostrado; o mesmo vale para cada valor do grupo e para cada total"),
            ),
            (CountingUnit::Column(column), _) => self.pick(
                format!("a group with fewer than {number} different values of {column}: nothing is shown; the same holds for each figure in it and for each total"),
                format!("eine Gruppe mit weniger als {number} verschiedenen Werten von {column}: nichts wird gezeigt; dasselbe gilt für jede Zahl darin und für jeden Gesamtwert"),
                format!("um grupo com menos de {number} valores diferentes de {column}: nada é mostrado; o mesmo vale para cada valor do grupo e para cada total"),
            ),
        }
    }

    pub(super) fn dominance(&self, one: &DominanceTerm) -> String {
        let DominanceTerm {
            measure,
            unit,
            rule,
        } = one;
        match rule {
            DominanceRule::P(p) => self.pick(
                format!("{measure} of a group is shown only where all {unit} but the two largest make up at least {p} % of the largest"),
                format!("{measure} einer Gruppe wird nur gezeigt, wenn alle {unit} außer den zwei größten mindestens {p} % des größten ausmachen"),
                format!("{measure} de um grupo só é mostrado quando todos os {unit}, exceto os dois maiores, perfazem pelo menos {p} % do maior"),
            ),
            DominanceRule::Nk { n: 1, k } => self.pick(
                format!("{measure} of a group is shown only where its largest {unit} makes up at most {k} % of the whole"),
                format!("{measure} einer Gruppe wird nur gezeigt, wenn der größte Wert nach {unit} höchstens {k} % des Ganzen ausmacht"),
                format!("{measure} de um grupo só é mostrado quando o seu maior {unit} perfaz no máximo {k} % do conjunto"),
            ),
            DominanceRule::Nk { n, k } => self.pick(
                format!("{measure} of a group is shown only where its {n} largest {unit} make up at most {k} % of the whole"),
                format!("{measure} einer Gruppe wird nur gezeigt, wenn ihre {n} größten {unit} höchstens {k} % des Ganzen ausmachen"),
                format!("{measure} de um grupo só é mostrado quando os seus {n} maiores {unit} perfazem no máximo {k} % do conjunto"),
            ),
        }
    }

    pub(super) fn totals(&self) -> String {
        self.pick(
            "totals are made of groups that are shown, and of no others",
            "Gesamtwerte werden nur aus Gruppen gebildet, die gezeigt werden",
            "os totais são formados apenas a partir de grupos mostrados",
        )
        .to_owned()
    }

    pub(super) fn complement(&self) -> String {
        self.pick(
            "further groups are withheld until no total, less other totals, tells of a small group",
            "weitere Gruppen werden zurückgehalten, bis kein Gesamtwert abzüglich anderer Gesamtwerte eine kleine Gruppe erkennen lässt",
            "outros grupos são retidos até que nenhum total, subtraídos outros totais, dê a conhecer um grupo pequeno",
        )
        .to_owned()
    }

    pub(super) fn rounded_counts(&self, base: u32) -> String {
        self.pick(
            format!("numbers of rows are rounded up or down to a multiple of {base} at random, always alike for a group of the same units"),
            format!("Anzahlen werden zufällig auf ein Vielfaches von {base} auf- oder abgerundet, für eine Gruppe aus denselben Einheiten immer gleich"),
            format!("as contagens são arredondadas aleatoriamente, para cima ou para baixo, a um múltiplo de {base}, sempre da mesma forma para um grupo das mesmas unidades"),
        )
    }

    pub(super) fn release(&self, release: &ReleaseTerm) -> String {
        let ReleaseTerm {
            column,
            every,
            late,
        } = release;
        let noun = bucket_noun(*every);
        let de = match every {
            TimeBucketWidth::QuarterHour => "jeder Viertelstunde",
            TimeBucketWidth::Hour => "jeder Stunde",
            TimeBucketWidth::Day => "jedes Tages",
            TimeBucketWidth::Week => "jeder Woche",
            TimeBucketWidth::Month => "jedes Monats",
            TimeBucketWidth::Year => "jedes Jahres",
        };
        let zone = match self.bucket_of(column) {
            Some((_, zone)) => format!(" ({})", self.bucket_zone(*every, zone)),
            None => String::new(),
        };
        let late = match late {
            LateDataPolicy::Never => self.pick(
                "they never change afterwards",
                "danach ändern sie sich nicht mehr",
                "depois disso já não mudam",
            ),
            LateDataPolicy::Wait => self.pick(
                "afterwards they change only with a later release, and never by a small group",
                "danach ändern sie sich nur mit einer späteren Freigabe und nie um eine kleine Gruppe",
                "depois disso só mudam com uma divulgação posterior, e nunca por um grupo pequeno",
            ),
            LateDataPolicy::Correct => self.pick(
                "afterwards they change only by corrections, and never by a small group",
                "danach ändern sie sich nur durch Berichtigungen und nie um eine kleine Gruppe",
                "depois disso só mudam por retificações, e nunca por um grupo pequeno",
            ),
        };
        let (en, pt) = (noun.en, noun.pt);
        self.pick(
            format!("the groups of each {en} of {column}{zone} are released when it is over; {late}"),
            format!("die Gruppen {de} von {column}{zone} werden nach Ablauf freigegeben; {late}"),
            format!("os grupos de cada {pt} de {column}{zone} são divulgados no final desse período; {late}"),
        )
    }

    pub(super) fn noise(&self, budget: &PrivacyBudgetTerm) -> String {
        let PrivacyBudgetTerm {
            most,
            per,
            each,
            unit,
            cells,
            rows,
            bounds,
            values,
            from,
        } = budget;
        let (each, most) = (self.decimal(each), self.decimal(most));
        let per = bucket_noun(*per);
        let (en, de, pt) = (per.en, per.de, per.pt);
        let rows = self.rows(u64::from(*rows));
        let held: Vec<String> = bounds
            .iter()
            .map(|one| {
                let measure = &one.measure;
                let (low, high) = (self.decimal(one.low), self.decimal(one.high));
                self.pick(
                    format!("{measure} from {low} to {high}"),
                    format!("{measure} von {low} bis {high}"),
                    format!("{measure} de {low} a {high}"),
                )
            })
            .collect();
        let held = match held.is_empty() {
            true => String::new(),
            false => {
                let held = self.language.all_of(&held);
                self.pick(
                    format!(", with values held within {held}"),
                    format!(", mit Werten innerhalb von {held}"),
                    format!(", com valores limitados a {held}"),
                )
            }
        };
        let named: Vec<String> = values
            .iter()
            .map(|one| format!("{}: {}", one.column, self.language.all_of(&one.list)))
            .collect();
        let named = match named.is_empty() {
            true => String::new(),
            false => format!(" ({})", named.join("; ")),
        };
        let from = self.from(*from);
        let groups = self.count(
            u64::from(*cells),
            ["group", "Gruppe", "grupo"],
            ["groups", "Gruppen", "grupos"],
        );
        self.pick(
            format!(
                "figures contain random noise that is drawn once: a release spends epsilon {each}, and all contracts on the dataset \
                 together spend at most {most} for each {en} of data and each value of {unit}; of one value of {unit} at most \
                 {groups} of a release count, with {rows} in each{held}; every group is shown {from}, also an empty \
                 one{named}, and a figure can be below zero"
            ),
            format!(
                "Zahlen enthalten ein einmal gezogenes Zufallsrauschen: eine Freigabe verbraucht Epsilon {each}, alle Verträge über den \
                 Datensatz zusammen verbrauchen höchstens {most} je {de} der Daten und je Wert von {unit}; von einem Wert von \
                 {unit} zählen höchstens {groups} einer Freigabe mit je {rows}{held}; jede Gruppe wird {from} gezeigt, auch \
                 eine leere{named}, und eine Zahl kann unter null liegen"
            ),
            format!(
                "os valores contêm um ruído aleatório sorteado uma só vez: uma divulgação gasta épsilon {each}, e todos os contratos sobre o \
                 conjunto de dados gastam em conjunto no máximo {most} por {pt} de dados e por valor de {unit}; de um valor de \
                 {unit} contam no máximo {groups} de uma divulgação, com {rows} em cada um{held}; cada grupo é mostrado {from}, \
                 mesmo vazio{named}, e um valor pode ser inferior a zero"
            ),
        )
    }

    pub(super) fn cell_size(&self, size: &CellSize) -> String {
        match size {
            CellSize::H3(resolution) => {
                let number = resolution.number();
                self.pick(
                    format!("the H3 cell of resolution {number}"),
                    format!("die H3-Zelle der Auflösung {number}"),
                    format!("a célula H3 de resolução {number}"),
                )
            }
            CellSize::Areas { list, show } => {
                let (show, list) = (self.quoted(show), self.digest(list));
                self.pick(
                    format!("the attribute {show} of the area by the list with {list}"),
                    format!("das Merkmal {show} des Gebiets nach der Liste mit {list}"),
                    format!("o atributo {show} da área segundo a lista com {list}"),
                )
            }
            CellSize::Square(edge) => {
                let metres = edge.metres();
                let edge = match metres % 1_000 {
                    0 => format!("{} km", metres / 1_000),
                    _ => format!("{metres} m"),
                };
                self.pick(
                    format!("the cell with an edge of {edge} of the European grid (EPSG:3035)"),
                    format!(
                        "die Zelle mit {edge} Kantenlänge des europäischen Gitters (EPSG:3035)"
                    ),
                    format!("a célula com {edge} de lado da grelha europeia (EPSG:3035)"),
                )
            }
        }
    }

    pub(super) fn digest(&self, digest: &Digest) -> String {
        format!("sha256 {digest}")
    }
}
