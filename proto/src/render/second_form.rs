//! Second form of the page: what a lawyer asks of a contract is answered by the page alone.
//!
//! Whoever signs reads who may do what, over which days in local time, what a group is and what is shown of a small one, what
//! the connector enforces, what the parties merely owe, what the contract leaves open, and how either side ends it.

mod clause;
mod groups;
mod prohibition;
mod row_column;
mod wording;

use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::contract::{Agreement, Assignee, ContractParty, LegalText};
use hansa_policy::safe_text::signed_line;
use hansa_policy::term::duty::ForbiddenUse;
use hansa_policy::term::rule::OdrlPosition;
use hansa_policy::term::{Clause, Term};
pub(super) use wording::Wording;

/// Page of the second form.
pub(super) fn page(shown: PageRendering, agreement: &Agreement) -> String {
    let mut page = SecondFormPage {
        words: wording(shown, agreement),
        agreement,
        text: String::new(),
    };
    page.parties();
    page.subject();
    page.time();
    page.enforced();
    page.recorded();
    page.unregulated();
    page.end();
    page.documents();
    page.text
}

/// Words for an agreement in the language and zone of its page.
pub(super) fn wording(shown: PageRendering, agreement: &Agreement) -> Wording<'_> {
    Wording::of(shown.language, shown.zone, agreement)
}

struct SecondFormPage<'a> {
    words: Wording<'a>,
    agreement: &'a Agreement,
    text: String,
}

impl SecondFormPage<'_> {
    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(&signed_line(line.as_ref()));
        self.text.push('\n');
    }

    /// Heading; but for the first one behind an empty line.
    fn heading(&mut self, en: &str, de: &str, pt: &str) {
        if !self.text.is_empty() {
            self.line("");
        }
        self.line(self.words.pick(en, de, pt));
    }

    fn fact(&mut self, name: &str, value: &str) {
        self.line(format!("  {name:<16} {value}"));
    }

    fn note(&mut self, en: &str, de: &str, pt: &str) {
        let note = self.words.pick(en, de, pt);
        self.line(format!("  {note}"));
    }

    fn parties(&mut self) {
        self.heading("Parties", "Vertragsparteien", "Partes");
        let provider = self.party(&self.agreement.provider);
        self.fact(
            self.words.pick("provider", "Anbieter", "fornecedor"),
            &provider,
        );
        let consumer = match &self.agreement.assignee {
            Assignee::Participant(consumer) => self.party(consumer),
            Assignee::Public => match self.singles_out() {
                false => self.words.pick(
                    "every participant of the data space",
                    "jeder Teilnehmer des Datenraums",
                    "cada participante do espaço de dados",
                ),
                true => self.words.pick(
                    "every participant of the data space who meets the clauses below",
                    "jeder Teilnehmer des Datenraums, der die Klauseln unten erfüllt",
                    "cada participante do espaço de dados que cumpra as cláusulas abaixo",
                ),
            }
            .to_owned(),
        };
        self.fact(
            self.words.pick("consumer", "Nutzer", "utilizador"),
            &consumer,
        );
        let who = match &self.agreement.assignee {
            Assignee::Participant(_) => self.words.pick(
                "the consumer alone may query under this contract, and nobody else may",
                "nach diesem Vertrag darf der Nutzer allein abfragen und niemand sonst",
                "ao abrigo deste contrato, só o utilizador pode consultar, e ninguém mais",
            ),
            Assignee::Public => match self.singles_out() {
                false => self.words.pick(
                    "every participant of the data space may query under this public view, and nobody else may",
                    "nach dieser öffentlichen Sicht darf jeder Teilnehmer des Datenraums abfragen und niemand sonst",
                    "ao abrigo desta vista pública, pode consultar cada participante do espaço de dados, e ninguém mais",
                ),
                true => self.words.pick(
                    "every participant of the data space who meets the clauses below may query under this public view, and nobody else may",
                    "nach dieser öffentlichen Sicht darf jeder Teilnehmer des Datenraums abfragen, der die Klauseln unten erfüllt, und niemand sonst",
                    "ao abrigo desta vista pública, pode consultar cada participante do espaço de dados que cumpra as cláusulas abaixo, e ninguém mais",
                ),
            },
        };
        self.fact(self.words.pick("who may", "berechtigt", "quem pode"), who);
    }

    /// Whether a clause lets in some participants only.
    fn singles_out(&self) -> bool {
        let mut clauses = self.agreement.clauses.iter();
        clauses.any(|clause| clause.term.rests_on_a_statement())
    }

    fn party(&self, party: &ContractParty) -> String {
        let words = self.words;
        let number = match &party.legal_id {
            Some(number) => words.pick(
                format!("register number {number}"),
                format!("Registernummer {number}"),
                format!("número de registo {number}"),
            ),
            None => words
                .pick(
                    "no register number stated",
                    "keine Registernummer angegeben",
                    "sem número de registo indicado",
                )
                .to_owned(),
        };
        format!("{} ({}, {number})", party.name, party.id)
    }

    fn subject(&mut self) {
        let (agreement, words) = (self.agreement, self.words);
        self.heading("Subject", "Gegenstand", "Objeto");
        self.fact(
            words.pick("dataset", "Datensatz", "dados"),
            &agreement.dataset.id.to_string(),
        );
        if agreement.dataset.high_value {
            self.fact(
                "",
                words.pick(
                    "a high-value dataset (Implementing Regulation (EU) 2023/138)",
                    "ein hochwertiger Datensatz (Durchführungsverordnung (EU) 2023/138)",
                    "um conjunto de dados de elevado valor (Regulamento de Execução (UE) 2023/138)",
                ),
            );
        }
        self.fact(
            words.pick("schema", "Schema", "esquema"),
            &words.digest(&agreement.dataset.schema),
        );
        let aggregates = agreement.clauses.iter().any(|one| one.term.aggregates());
        let hides_single_rows = agreement
            .clauses
            .iter()
            .any(|one| matches!(one.term, Term::MinGroup { at_least, .. } if at_least > 1));
        let row = match (aggregates, hides_single_rows) {
            (true, true) => words.pick(
                "in an answer: one group with its figures, and never a single row of the dataset",
                "in einer Antwort: eine Gruppe mit ihren Zahlen, nie eine einzelne Zeile des Datensatzes",
                "numa resposta: um grupo com os seus valores, e nunca uma linha individual do conjunto de dados",
            ),
            (true, false) => words.pick(
                "in an answer: one group with its figures; a group may be of one row of the dataset",
                "in einer Antwort: eine Gruppe mit ihren Zahlen; eine Gruppe kann aus einer einzigen Zeile des Datensatzes bestehen",
                "numa resposta: um grupo com os seus valores; um grupo pode ser formado por uma única linha do conjunto de dados",
            ),
            (false, _) => words.pick(
                "one entry of the dataset, with the columns of its schema as far as the clauses show them",
                "ein Eintrag des Datensatzes mit den Spalten seines Schemas, soweit die Klauseln sie zeigen",
                "um registo do conjunto de dados, com as colunas do esquema, na medida em que as cláusulas as mostram",
            ),
        };
        self.fact(words.pick("a row", "eine Zeile", "uma linha"), row);
    }

    fn time(&mut self) {
        let (agreement, words) = (self.agreement, self.words);
        self.heading(
            "Time and signing",
            "Laufzeit und Unterschrift",
            "Vigência e assinatura",
        );
        let from = match (agreement.not_before, &agreement.assignee) {
            (UtcTimestamp::EARLIEST, Assignee::Participant(_)) => words
                .pick(
                    "from the second signature on",
                    "ab der zweiten Unterschrift",
                    "a partir da segunda assinatura",
                )
                .to_owned(),
            (UtcTimestamp::EARLIEST, Assignee::Public) => words
                .pick(
                    "from the signature on",
                    "ab der Unterschrift",
                    "a partir da assinatura",
                )
                .to_owned(),
            (time, _) => words.from(time),
        };
        let until = words.end(agreement.not_after);
        self.fact(words.pick("in force", "in Kraft", "em vigor"), &from);
        self.fact("", &until);
        self.fact(
            "",
            words.pick(
                "the instants in brackets decide; the local dates beside them explain them",
                "maßgeblich sind die Zeitpunkte in Klammern; die Daten in Ortszeit daneben erläutern sie",
                "são determinantes os instantes entre parênteses; as datas em hora local explicam-nos",
            ),
        );
        self.fact(
            words.pick("proposed", "vorgelegt", "proposto"),
            &words.moment(agreement.proposed_at),
        );
        let signing = match &agreement.assignee {
            Assignee::Participant(_) => words.pick(
                "both parties sign this page; it binds with the second signature, and each signature bears its date",
                "beide Parteien unterschreiben diese Seite; sie bindet mit der zweiten Unterschrift, und jede Unterschrift trägt ihr Datum",
                "ambas as partes assinam esta página; vincula com a segunda assinatura, e cada assinatura tem a sua data",
            ),
            Assignee::Public => words.pick(
                "the provider alone signs this page; the signature bears its date",
                "der Anbieter allein unterschreibt diese Seite; die Unterschrift trägt ihr Datum",
                "só o fornecedor assina esta página; a assinatura tem a sua data",
            ),
        };
        self.fact(words.pick("signing", "Unterschrift", "assinatura"), signing);
    }

    fn enforced(&mut self) {
        self.heading(
            "Technically enforced",
            "Technisch durchgesetzt",
            "Garantido por meios técnicos",
        );
        let clauses = &self.agreement.clauses;
        if clauses.iter().all(|clause| clause.term.is_recorded_only()) {
            self.note(
                "no clause restricts a query: all rows and columns of the dataset may be queried",
                "keine Klausel beschränkt eine Abfrage: alle Zeilen und Spalten des Datensatzes dürfen abgefragt werden",
                "nenhuma cláusula restringe uma consulta: podem ser consultadas todas as linhas e colunas do conjunto de dados",
            );
            return;
        }
        self.note(
            "the provider's connector carries out these clauses and answers nothing beyond them",
            "der Konnektor des Anbieters führt diese Klauseln aus und beantwortet nichts darüber hinaus",
            "o conector do fornecedor executa estas cláusulas e não responde a nada para além delas",
        );
        let at = |place: OdrlPosition| move |clause: &Clause| clause.term.spec().position == place;
        if self.section(
            [
                "for what, when and how much",
                "wofür, wann und wie viel",
                "para quê, quando e quanto",
            ],
            &at(OdrlPosition::Permission),
        ) {
            self.purpose_note();
            self.period_note();
        }
        self.section(
            [
                "which part of the dataset",
                "welcher Teil des Datensatzes",
                "que parte do conjunto de dados",
            ],
            &at(OdrlPosition::Target),
        );
        self.section(
            ["in what form", "in welcher Form", "de que forma"],
            &at(OdrlPosition::Action),
        );
        for line in self.words.group_lines() {
            self.line(format!("         {line}"));
        }
        self.section(
            [
                "what is prohibited",
                "was untersagt ist",
                "o que é proibido",
            ],
            &at(OdrlPosition::Prohibition),
        );
        self.section(
            ["what is owed", "was geschuldet ist", "o que é devido"],
            &|clause| {
                matches!(
                    clause.term.spec().position,
                    OdrlPosition::Duty | OdrlPosition::Obligation
                )
            },
        );
    }

    /// Enforced clauses of a place below a subheading; whether there are any.
    fn section(&mut self, heading: [&str; 3], which: &dyn Fn(&Clause) -> bool) -> bool {
        let clauses = &self.agreement.clauses;
        let here: Vec<&Clause> = clauses
            .iter()
            .filter(|clause| !clause.term.is_recorded_only() && which(clause))
            .collect();
        if here.is_empty() {
            return false;
        }
        let [en, de, pt] = heading;
        let heading = self.words.pick(en, de, pt);
        self.line(format!("  {heading}:"));
        for clause in here {
            self.clause(clause);
        }
        true
    }

    fn clause(&mut self, clause: &Clause) {
        let (id, sentence) = (clause.id.to_string(), self.words.sentence(&clause.term));
        self.line(format!("  {id:<6} {sentence}"));
    }

    /// A connector sees what is declared; what becomes of the data it does not see.
    fn purpose_note(&mut self) {
        let purpose = |clause: &Clause| !clause.term.purposes().is_empty();
        if self.agreement.clauses.iter().any(purpose) {
            let note = self.words.pick(
                "of the purpose, what is declared is checked, and not what is done with the data",
                "beim Zweck wird geprüft, was angegeben wird, und nicht, was mit den Daten geschieht",
                "quanto à finalidade, verifica-se o que é declarado, e não o que é feito com os dados",
            );
            self.line(format!("         {note}"));
        }
    }

    /// Slots of quotas are of fixed length and counted from the contract's first instant, whatever the clocks do.
    fn period_note(&mut self) {
        let quota = |clause: &Clause| {
            matches!(
                clause.term,
                Term::Queries(_) | Term::RowQuota(_) | Term::ByteQuota(_)
            )
        };
        if !self.agreement.clauses.iter().any(quota) {
            return;
        }
        let first = self.agreement.not_before;
        let start = match first {
            UtcTimestamp::EARLIEST => first.to_string(),
            _ => self.words.moment(first),
        };
        let note = self.words.pick(
            format!("these periods follow one another without a gap, the first one from {start}"),
            format!("diese Zeiträume folgen lückenlos aufeinander, der erste ab {start}"),
            format!("estes períodos sucedem-se sem interrupção, o primeiro a partir de {start}"),
        );
        self.line(format!("         {note}"));
    }

    fn recorded(&mut self) {
        self.heading(
            "Agreed, not technically enforced",
            "Vereinbart, technisch nicht durchgesetzt",
            "Acordado, não garantido por meios técnicos",
        );
        let clauses = &self.agreement.clauses;
        let here: Vec<&Clause> = clauses
            .iter()
            .filter(|clause| clause.term.is_recorded_only())
            .collect();
        if here.is_empty() {
            return self.note("nothing", "nichts", "nada");
        }
        self.note(
            "the parties agree on this, and the provider's connector does not enforce it",
            "dies vereinbaren die Parteien, und der Konnektor des Anbieters setzt es nicht durch",
            "isto é acordado entre as partes, e o conector do fornecedor não o garante",
        );
        for clause in here {
            self.clause(clause);
        }
    }

    fn unregulated(&mut self) {
        let (agreement, words) = (self.agreement, self.words);
        let has = |which: &dyn Fn(&Term) -> bool| {
            agreement.clauses.iter().any(|clause| which(&clause.term))
        };
        let prohibits = |act: ForbiddenUse| has(&|term| *term == Term::Prohibit(act));
        let mut open: Vec<&str> = Vec::new();
        let mut unless = |said: bool, en, de, pt| {
            if !said {
                open.push(words.pick(en, de, pt));
            }
        };
        unless(
            prohibits(ForbiddenUse::Distribute),
            "passing the data on to third parties",
            "die Weitergabe der Daten an Dritte",
            "a transmissão dos dados a terceiros",
        );
        unless(
            prohibits(ForbiddenUse::Sell),
            "resale of the data",
            "der Weiterverkauf der Daten",
            "a revenda dos dados",
        );
        unless(
            prohibits(ForbiddenUse::Derive),
            "works derived from the data",
            "aus den Daten abgeleitete Werke",
            "as obras derivadas dos dados",
        );
        unless(
            has(&|term| matches!(term, Term::DeleteAfter { .. } | Term::Attest { .. })),
            "deletion of what was received",
            "die Löschung des Empfangenen",
            "a eliminação do que foi recebido",
        );
        unless(
            has(&|term| matches!(term, Term::Attribution(_))),
            "naming of the source",
            "die Nennung der Quelle",
            "a indicação da fonte",
        );
        unless(
            has(&|term| match term {
                Term::Purpose(_) | Term::PurposeNot(_) => true,
                Term::Prohibition(one) => one.condition.purpose.is_some(),
                _ => false,
            }),
            "the purpose of the use",
            "der Zweck der Nutzung",
            "a finalidade da utilização",
        );
        unless(
            has(&|term| matches!(term, Term::Price(_))),
            "a price",
            "ein Preis",
            "o preço",
        );
        unless(
            has(&|term| matches!(term, Term::Service(_))),
            "availability of the service",
            "die Verfügbarkeit des Dienstes",
            "a disponibilidade do serviço",
        );
        unless(
            false,
            "liability, warranty, applicable law and jurisdiction",
            "Haftung, Gewährleistung, anwendbares Recht und Gerichtsstand",
            "a responsabilidade, a garantia, a lei aplicável e o foro competente",
        );
        self.heading("Not regulated", "Nicht geregelt", "Não regulado");
        self.note(
            "the clauses on this page neither permit nor prohibit the following, nor say anything else of it:",
            "die Klauseln auf dieser Seite erlauben und verbieten Folgendes nicht und sagen auch sonst nichts darüber:",
            "as cláusulas desta página não permitem nem proíbem o seguinte, nem dizem mais nada a esse respeito:",
        );
        for one in open {
            self.line(format!("  - {one}"));
        }
        if agreement.legal.is_some() {
            self.note(
                "what the contract text named below says of it applies",
                "was der unten genannte Vertragstext darüber sagt, gilt",
                "aplica-se o que a esse respeito diz o texto contratual indicado abaixo",
            );
        }
    }

    fn end(&mut self) {
        self.heading("End", "Beendigung", "Cessação");
        let endless = self.agreement.not_after == UtcTimestamp::LATEST;
        let by_clauses = self.ending_clauses();
        let sentence = match (endless, by_clauses) {
            (true, None) => self
                .words
                .pick(
                    "there is no instant at which it ends by itself",
                    "es gibt keinen Zeitpunkt, zu dem die Laufzeit von selbst endet",
                    "não há instante em que a vigência cesse por si só",
                )
                .to_owned(),
            (true, Some(clauses)) => self.words.pick(
                format!("it ends by itself as {clauses}"),
                format!("die Laufzeit endet von selbst, wie {clauses}"),
                format!("a vigência cessa por si só como {clauses}"),
            ),
            (false, None) => self
                .words
                .pick(
                    "it ends by itself at the instant named above",
                    "die Laufzeit endet von selbst zum oben genannten Zeitpunkt",
                    "a vigência cessa por si só no instante acima indicado",
                )
                .to_owned(),
            (false, Some(clauses)) => self.words.pick(
                format!("it ends by itself at the instant named above, or earlier, as {clauses}"),
                format!("die Laufzeit endet von selbst zum oben genannten Zeitpunkt oder früher, wie {clauses}"),
                format!("a vigência cessa por si só no instante acima indicado, ou antes, como {clauses}"),
            ),
        };
        self.line(format!("  {sentence}"));
        match &self.agreement.assignee {
            Assignee::Participant(_) => {
                self.note(
                    "either party can end the contract before by a signed withdrawal (notice of termination), at once or at a later instant named in it",
                    "jede Partei kann den Vertrag vorher durch eine unterschriebene Kündigung beenden, sofort oder zu einem späteren Zeitpunkt, den sie nennt",
                    "qualquer das partes pode fazer cessar o contrato antes, por uma denúncia assinada, de imediato ou num instante posterior nela indicado",
                );
                self.note(
                    "for the provider a withdrawal counts from when its connector has recorded it",
                    "beim Anbieter wirkt eine Kündigung, sobald dessen Konnektor sie verzeichnet hat",
                    "para o fornecedor, uma denúncia produz efeitos logo que o conector deste a tenha registado",
                );
            }
            Assignee::Public => self.note(
                "the provider can end the public view before by a signed withdrawal, at once or at a later instant named in it",
                "der Anbieter kann die öffentliche Sicht vorher durch einen unterschriebenen Widerruf beenden, sofort oder zu einem späteren Zeitpunkt, den dieser nennt",
                "o fornecedor pode fazer cessar a vista pública antes, por uma revogação assinada, de imediato ou num instante posterior nela indicado",
            ),
        }
        self.note(
            "from the end on no query is answered, and a download that is running is cut off; what was delivered before then keeps its receipt",
            "ab dem Ende wird keine Abfrage mehr beantwortet, und ein laufender Abruf wird abgebrochen; was bis dahin geliefert wurde, behält seine Quittung",
            "a partir da cessação nenhuma consulta é respondida, e uma transferência em curso é interrompida; o que foi entregue até então mantém o seu recibo",
        );
    }

    /// Clauses that end it before the instant that is named with its time, as the end of a sentence.
    fn ending_clauses(&self) -> Option<String> {
        let not_after = self.agreement.not_after;
        let ends_earlier = |clause: &&Clause| match clause.term {
            Term::Lasts(_) => true,
            Term::NotAfter(until) => until < not_after,
            _ => false,
        };
        let clauses = self.agreement.clauses.iter().filter(ends_earlier);
        let ids: Vec<String> = clauses.map(|clause| clause.id.to_string()).collect();
        let list = self.words.language.all_of(&ids);
        match ids.len() {
            0 => None,
            1 => Some(self.words.pick(
                format!("clause {list} says"),
                format!("Klausel {list} sagt"),
                format!("diz a cláusula {list}"),
            )),
            _ => Some(self.words.pick(
                format!("clauses {list} say"),
                format!("die Klauseln {list} sagen"),
                format!("dizem as cláusulas {list}"),
            )),
        }
    }

    fn documents(&mut self) {
        let (agreement, words) = (self.agreement, self.words);
        self.heading("Documents", "Dokumente", "Documentos");
        let (uid, number) = (&agreement.uid, agreement.version);
        self.fact(
            words.pick("reference", "Kennung", "referência"),
            &words.pick(
                format!("{uid}, version {number}"),
                format!("{uid}, Fassung {number}"),
                format!("{uid}, versão {number}"),
            ),
        );
        let replaces = agreement.supersedes.map_or_else(
            || {
                words
                    .pick(
                        "no earlier contract",
                        "keinen früheren Vertrag",
                        "nenhum contrato anterior",
                    )
                    .to_owned()
            },
            |earlier| {
                words.pick(
                    format!("the contract {earlier}"),
                    format!("den Vertrag {earlier}"),
                    format!("o contrato {earlier}"),
                )
            },
        );
        self.fact(words.pick("replaces", "ersetzt", "substitui"), &replaces);
        self.legal(agreement.legal.as_ref());
        let signatory = agreement.signatory.map_or_else(
            || {
                words
                    .pick("not named", "nicht genannt", "não indicado")
                    .to_owned()
            },
            |statement| {
                let digest = words.digest(&statement);
                words.pick(
                    format!("named in a statement with {digest}"),
                    format!("genannt in einer Erklärung mit {digest}"),
                    format!("indicado numa declaração com {digest}"),
                )
            },
        );
        self.fact(
            words.pick("signatory", "Unterzeichner", "signatário"),
            &signatory,
        );
        let template = agreement.template.as_ref().map_or_else(
            || words.pick("none", "keine", "nenhum").to_owned(),
            |one| {
                let (title, version) = (words.quoted(&one.title), one.version);
                let (author, digest) = (one.author.domain(), words.digest(&one.sha256));
                words.pick(
                    format!("{title}, version {version}, of {author}, with {digest}"),
                    format!("{title}, Fassung {version}, von {author}, mit {digest}"),
                    format!("{title}, versão {version}, de {author}, com {digest}"),
                )
            },
        );
        self.fact(words.pick("template", "Vorlage", "modelo"), &template);
    }

    fn legal(&mut self, legal: Option<&LegalText>) {
        let words = self.words;
        let text = match legal {
            None => words
                .pick(
                    "none is part of this contract",
                    "keiner ist Teil dieses Vertrags",
                    "nenhum faz parte deste contrato",
                )
                .to_owned(),
            Some(legal) => {
                let (name, language) = (&legal.text_ref, words.language_name(&legal.language));
                format!("{name} ({language}), {}", words.digest(&legal.text))
            }
        };
        self.fact(
            words.pick("contract text", "Vertragstext", "texto contratual"),
            &text,
        );
    }
}
