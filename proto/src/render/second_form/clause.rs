//! Sentence of each term in the second form.
//!
//! Contracts are signed with these words, so they stay as they are: another wording is another form.

use super::wording::Wording;
use hansa_policy::id::ParticipantId;
use hansa_policy::term::Term;
use hansa_policy::term::duty::ForbiddenUse;
use hansa_policy::term::inform::{InformEvent, NotificationTerm, Recipient};
use hansa_policy::term::key_transfer::{KeyRecipients, KeyTransferTerm};
use hansa_policy::term::legal_basis::LegalBasis;
use hansa_policy::term::price::{PriceTerm, PriceUnit};
use hansa_policy::term::relative_window::{RelativeWindowTerm, WindowStart};
use hansa_policy::term::schema_version::SchemaCompatibility;
use hansa_policy::term::service_level::ServiceLevelTerm;
use hansa_policy::value::time::{PeriodQuota, QuotaPeriod};

/// What a quota counts.
#[derive(Clone, Copy)]
enum QuotaUnit {
    Queries,
    Rows,
    Bytes,
}

impl Wording<'_> {
    /// Term in one line: lower case unless the language demands otherwise, no full stop.
    pub(super) fn sentence(&self, term: &Term) -> String {
        match term {
            Term::Group(group) => self.pick(
                format!("only for members of the group {group}, by a list that the provider has signed within the last 24 hours"),
                format!("nur für Mitglieder der Gruppe {group} nach einer Liste, die der Anbieter in den letzten 24 Stunden unterschrieben hat"),
                format!("apenas para membros do grupo {group}, segundo uma lista que o fornecedor assinou nas últimas 24 horas"),
            ),
            Term::Sector(list) => {
                let list = self.language.one_of(list);
                self.pick(
                    format!("only for the economic activity {list}, attested by a recognised issuer"),
                    format!("nur für den Wirtschaftszweig {list}, bescheinigt von einem anerkannten Aussteller"),
                    format!("apenas para a atividade económica {list}, atestada por um emissor reconhecido"),
                )
            }
            Term::Purpose(list) => {
                let list = self.purposes(list);
                self.pick(
                    format!("the purpose declared for each query is {list}, or a narrower one"),
                    format!("der für jede Abfrage angegebene Zweck ist {list} oder ein engerer"),
                    format!("a finalidade declarada para cada consulta é {list}, ou outra mais restrita"),
                )
            }
            Term::PurposeNot(list) => {
                let list = self.purposes(list);
                self.pick(
                    format!("the purpose declared for each query is not {list}, nor a narrower or a wider one"),
                    format!("der für jede Abfrage angegebene Zweck ist nicht {list}, auch kein engerer und kein weiterer"),
                    format!("a finalidade declarada para cada consulta não é {list}, nem outra mais restrita ou mais ampla"),
                )
            }
            Term::NotBefore(time) => self.in_force(&self.from(*time)),
            Term::NotAfter(time) => self.in_force(&self.until(*time)),
            Term::Lasts(lasts) => self.lasts(lasts),
            Term::Hours(hours) => {
                let hours = self.hours(hours);
                self.pick(
                    format!("only {hours}"),
                    format!("nur {hours}"),
                    format!("apenas {hours}"),
                )
            }
            Term::Rows(filter) => self.row_filter(filter),
            Term::Columns(columns) => self.only_columns(columns),
            Term::Pseudonym(one) => self.pseudonym(one),
            Term::Mask { column, mask } => self.mask(column, mask),
            Term::Prefix(one) => self.prefix(one),
            Term::Band(one) => self.band(one),
            Term::Lookup(one) => self.lookup(one),
            Term::TimeBucket {
                column,
                bucket,
                zone,
            } => self.time_bucket(column, *bucket, zone.as_deref()),
            Term::Area { lon, lat, bounds } => self.area(lon, lat, bounds),
            Term::PublishedArea(one) => self.published_area(one),
            Term::PlaceCells(one) => self.place_cells(one),
            Term::Functions(functions) => self.functions(functions),
            Term::Dimensions(columns) => self.dimensions(columns),
            Term::Measures(columns) => self.measures(columns),
            Term::Grid(grid) => self.grid(grid),
            Term::Release(release) => self.release(release),
            Term::MinGroup { at_least, unit } => self.least_size(*at_least, unit),
            Term::Dominance(one) => self.dominance(one),
            Term::TotalsFromPublished => self.totals(),
            Term::SuppressComplement => self.complement(),
            Term::CellKey(base) => self.rounded_counts(*base),
            Term::Budget(budget) => self.noise(budget),
            Term::JoinKeys(columns) => {
                let list = self.language.all_of(columns);
                self.pick(
                    format!("in a query under this contract the data are joined with others over {list} only"),
                    format!("in einer Abfrage nach diesem Vertrag werden die Daten nur über {list} mit anderen verknüpft"),
                    format!("numa consulta ao abrigo deste contrato, os dados são cruzados com outros apenas por {list}"),
                )
            }
            Term::JoinWith(datasets) if datasets.is_empty() => self
                .pick(
                    "in a query under this contract the data are combined with no other dataset",
                    "in einer Abfrage nach diesem Vertrag werden die Daten mit keinem anderen Datensatz verbunden",
                    "numa consulta ao abrigo deste contrato, os dados não são combinados com outro conjunto de dados",
                )
                .to_owned(),
            Term::JoinWith(datasets) => {
                let list = self.language.one_of(datasets);
                self.pick(
                    format!("in a query under this contract the data are combined with {list} only"),
                    format!("in einer Abfrage nach diesem Vertrag werden die Daten nur mit {list} verbunden"),
                    format!("numa consulta ao abrigo deste contrato, os dados são combinados apenas com {list}"),
                )
            }
            Term::KeysStay => self
                .pick(
                    "the columns over which data are joined serve that alone and are shown to nobody",
                    "die Spalten, über die verknüpft wird, dienen nur der Verknüpfung und werden niemandem gezeigt",
                    "as colunas de cruzamento servem apenas para o cruzamento e não são mostradas a ninguém",
                )
                .to_owned(),
            Term::KeysTravel(travel) => self.travel(travel),
            Term::Queries(quota) => self.quota(QuotaUnit::Queries, *quota),
            Term::RowQuota(quota) => self.quota(QuotaUnit::Rows, *quota),
            Term::ByteQuota(quota) => self.quota(QuotaUnit::Bytes, *quota),
            Term::RowsPerSecond(most) => {
                let rows = self.rows(*most);
                self.pick(
                    format!("at most {rows} in a second, over all answers together"),
                    format!("höchstens {rows} je Sekunde, über alle Antworten zusammen"),
                    format!("no máximo {rows} por segundo, em todas as respostas em conjunto"),
                )
            }
            Term::Concurrent(most) => {
                let answers = self.count(
                    u64::from(*most),
                    ["answer", "Antwort", "resposta"],
                    ["answers", "Antworten", "respostas"],
                );
                self.pick(
                    format!("at most {answers} at the same time"),
                    format!("höchstens {answers} zur selben Zeit"),
                    format!("no máximo {answers} ao mesmo tempo"),
                )
            }
            Term::ResultRows(most) => {
                let rows = self.rows(*most);
                self.pick(
                    format!("at most {rows} in one answer"),
                    format!("höchstens {rows} in einer Antwort"),
                    format!("no máximo {rows} numa resposta"),
                )
            }
            Term::Embargo(one) => self.embargo(one),
            Term::Networks(networks) => {
                let list = self.language.one_of(networks);
                self.pick(
                    format!("answers go to the network addresses {list} only"),
                    format!("Antworten gehen nur an die Netzadressen {list}"),
                    format!("as respostas são enviadas apenas para os endereços de rede {list}"),
                )
            }
            Term::Region(region) => self.pick(
                format!("only for participants that have their seat in the region {region}, attested by a recognised issuer"),
                format!("nur für Teilnehmer mit Sitz in der Region {region}, bescheinigt von einem anerkannten Aussteller"),
                format!("apenas para participantes com sede na região {region}, atestada por um emissor reconhecido"),
            ),
            Term::Formats(formats) => {
                let names: Vec<&str> = formats.iter().map(|format| format.as_str()).collect();
                let list = self.language.one_of(&names);
                self.pick(
                    format!("the data are sent in the format {list} only"),
                    format!("die Daten werden nur im Format {list} gesendet"),
                    format!("os dados são enviados apenas no formato {list}"),
                )
            }
            Term::DeleteAfter { days } => {
                let (days, dative) = (self.days(*days), self.days_dative(*days));
                self.pick(
                    format!("the consumer deletes what it received no later than {days} after it was received"),
                    format!("der Nutzer löscht, was er empfangen hat, spätestens nach {dative}"),
                    format!("o utilizador apaga o que recebeu o mais tardar {days} após a receção"),
                )
            }
            Term::Attest { days } => {
                let (days, dative) = (self.days(*days), self.days_dative(*days));
                self.pick(
                    format!("within {days} of each answer the consumer states, signed, that it has deleted what it received; without the statement nothing is answered from then on"),
                    format!("binnen {dative} nach jeder Antwort erklärt der Nutzer mit Unterschrift, dass er das Empfangene gelöscht hat; ohne die Erklärung wird danach nichts mehr beantwortet"),
                    format!("no prazo de {days} após cada resposta, o utilizador declara, com assinatura, que apagou o que recebeu; sem a declaração, nada mais é respondido a partir daí"),
                )
            }
            Term::Attribution(text) => {
                let text = self.quoted(text);
                self.pick(
                    format!("the consumer names the source as {text}"),
                    format!("der Nutzer nennt die Quelle als {text}"),
                    format!("o utilizador indica a fonte como {text}"),
                )
            }
            Term::Prohibit(act) => match act {
                ForbiddenUse::Distribute => self.pick(
                    "the consumer does not pass the data on to third parties",
                    "der Nutzer gibt die Daten nicht an Dritte weiter",
                    "o utilizador não transmite os dados a terceiros",
                ),
                ForbiddenUse::Sell => self.pick(
                    "the consumer does not sell the data",
                    "der Nutzer verkauft die Daten nicht",
                    "o utilizador não vende os dados",
                ),
                ForbiddenUse::Derive => self.pick(
                    "the consumer makes no derived works from the data",
                    "der Nutzer leitet aus den Daten keine anderen Werke ab",
                    "o utilizador não cria obras derivadas a partir dos dados",
                ),
            }
            .to_owned(),
            Term::Prohibition(one) => self.prohibition(one),
            Term::Exclusive => self
                .pick(
                    "nobody else gets a contract on the dataset for the time of this one",
                    "niemand sonst erhält für die Laufzeit dieses Vertrags einen Vertrag über den Datensatz",
                    "durante a vigência deste contrato, ninguém mais recebe um contrato sobre o conjunto de dados",
                )
                .to_owned(),
            Term::Service(service) => self.service(service),
            Term::Price(price) => self.price(price),
            Term::Inform(events) => {
                let list = self.language.all_of(&self.events(events));
                self.pick(
                    format!("the parties tell each other of {list}"),
                    format!("die Parteien teilen einander mit: {list}"),
                    format!("as partes comunicam entre si {list}"),
                )
            }
            Term::Notify(notify) => self.notify(notify),
            Term::LegalBasis(basis) => self.legal_basis(*basis),
            Term::ObtainConsent => self
                .pick(
                    "the data subjects have given their consent",
                    "die betroffenen Personen haben eingewilligt",
                    "os titulares dos dados deram o seu consentimento",
                )
                .to_owned(),
            Term::Receipts(most) => {
                let number = self.language.number(u64::from(*most));
                self.pick(
                    format!("the consumer countersigns the receipt of each answer; at most {number} may be open"),
                    format!("der Nutzer zeichnet die Quittung jeder Antwort gegen; höchstens {number} dürfen offen sein"),
                    format!("o utilizador contra-assina o recibo de cada resposta; no máximo {number} podem estar em aberto"),
                )
            }
            Term::Version(SchemaCompatibility::Exact) => self
                .pick(
                    "for as long as the dataset has the schema named above",
                    "solange der Datensatz das oben genannte Schema hat",
                    "enquanto o conjunto de dados tiver o esquema acima indicado",
                )
                .to_owned(),
            Term::Version(SchemaCompatibility::Compatible) => self
                .pick(
                    "also when the dataset gets further columns, which stay invisible",
                    "auch wenn der Datensatz weitere Spalten erhält; diese bleiben unsichtbar",
                    "também quando o conjunto de dados recebe mais colunas, que ficam invisíveis",
                )
                .to_owned(),
        }
    }

    fn in_force(&self, time: &str) -> String {
        self.pick(
            format!("in force {time}"),
            format!("in Kraft {time}"),
            format!("em vigor {time}"),
        )
    }

    fn lasts(&self, lasts: &RelativeWindowTerm) -> String {
        let (days, dative) = (self.days(lasts.days), self.days_dative(lasts.days));
        match lasts.since {
            WindowStart::Activation => self.pick(
                format!(
                    "for {days} of 24 hours from the moment at which the contract came into force"
                ),
                format!("für die Dauer von {dative} zu je 24 Stunden ab dem Inkrafttreten"),
                format!("durante {days} de 24 horas a contar da entrada em vigor"),
            ),
            WindowStart::FirstUse => self.pick(
                format!("for {days} of 24 hours from the first query that was permitted under it"),
                format!(
                    "für die Dauer von {dative} zu je 24 Stunden ab der ersten zugelassenen Abfrage"
                ),
                format!("durante {days} de 24 horas a contar da primeira consulta autorizada"),
            ),
        }
    }

    fn quota(&self, counted: QuotaUnit, quota: PeriodQuota) -> String {
        let PeriodQuota { max, per } = quota;
        let most = match counted {
            QuotaUnit::Queries => self.count(
                max,
                ["query", "Abfrage", "consulta"],
                ["queries", "Abfragen", "consultas"],
            ),
            QuotaUnit::Rows => self.rows(max),
            QuotaUnit::Bytes => self.bytes(max),
        };
        let period = match per {
            QuotaPeriod::Hour => self.pick("one hour", "einer Stunde", "uma hora"),
            QuotaPeriod::Day => self.pick("24 hours", "24 Stunden", "24 horas"),
            QuotaPeriod::Week => self.pick("7 days", "7 Tagen", "7 dias"),
            QuotaPeriod::ThirtyDays => self.pick("30 days", "30 Tagen", "30 dias"),
        };
        self.pick(
            format!("at most {most} in each period of {period}"),
            format!("höchstens {most} in jedem Zeitraum von {period}"),
            format!("no máximo {most} em cada período de {period}"),
        )
    }

    fn bytes(&self, bytes: u64) -> String {
        let unit = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")]
            .into_iter()
            .find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
        match unit {
            Some((unit, name)) => format!("{} {name}", self.language.number(bytes / unit)),
            None => self.count(bytes, ["byte", "Byte", "byte"], ["bytes", "Byte", "bytes"]),
        }
    }

    fn travel(&self, travel: &KeyTransferTerm) -> String {
        let columns = self.language.all_of(&travel.columns);
        let to = match &travel.to {
            KeyRecipients::Anybody => self
                .pick(
                    "whoever else is asked in the same query",
                    "alle, die in derselben Abfrage befragt werden,",
                    "quem mais for consultado na mesma consulta",
                )
                .to_owned(),
            KeyRecipients::These(list) => {
                let domains: Vec<&str> = list.iter().map(ParticipantId::domain).collect();
                self.language.all_of(&domains)
            }
        };
        self.pick(
            format!("values of {columns} may be sent to {to}, so that these answer with the matching rows alone"),
            format!("Werte von {columns} dürfen an {to} gesendet werden, damit diese nur mit passenden Zeilen antworten"),
            format!("os valores de {columns} podem ser enviados a {to}, para que estes respondam apenas com as linhas correspondentes"),
        )
    }

    fn service(&self, service: &ServiceLevelTerm) -> String {
        let share = self.decimal(&service.availability);
        let within = self.language.number(u64::from(service.p95_ms));
        self.pick(
            format!("the provider answers {share} % of the time, and 95 of 100 answers begin within {within} ms"),
            format!("der Anbieter antwortet in {share} % der Zeit, und 95 von 100 Antworten beginnen binnen {within} ms"),
            format!("o fornecedor responde em {share} % do tempo, e 95 em cada 100 respostas começam no prazo de {within} ms"),
        )
    }

    fn price(&self, price: &PriceTerm) -> String {
        let PriceTerm {
            amount,
            currency,
            per,
            prepaid,
        } = price;
        let each = match per {
            PriceUnit::Query => self.pick("query", "Abfrage", "consulta"),
            PriceUnit::Row => self.pick("row", "Zeile", "linha"),
            PriceUnit::Megabyte => "MB",
            PriceUnit::Month => self.pick("month", "Monat", "mês"),
        };
        let amount = self.decimal(amount);
        let whole = self.pick(
            format!("the consumer pays {amount} {currency} for each {each}"),
            format!("der Nutzer zahlt {amount} {currency} je {each}"),
            format!("o utilizador paga {amount} {currency} por {each}"),
        );
        let Some(paid) = prepaid else {
            return whole;
        };
        let paid = self.decimal(paid);
        self.pick(
            format!("{whole}; {paid} {currency} are paid in advance, and nothing is answered beyond what was paid"),
            format!("{whole}; {paid} {currency} sind vorausgezahlt, und darüber hinaus wird nichts beantwortet"),
            format!("{whole}; {paid} {currency} são pagos antecipadamente, e nada é respondido para além do que foi pago"),
        )
    }

    fn events(&self, events: &[InformEvent]) -> Vec<&'static str> {
        let each = events.iter().map(|event| match event {
            InformEvent::FirstUse => self.pick(
                "the first use",
                "die erste Nutzung",
                "a primeira utilização",
            ),
            InformEvent::Refusal => self.pick("refusals", "Ablehnungen", "as recusas"),
            InformEvent::SchemaChange => self.pick(
                "changes of the schema",
                "Änderungen des Schemas",
                "as alterações do esquema",
            ),
        });
        each.collect()
    }

    fn notify(&self, notify: &NotificationTerm) -> String {
        let events = self.language.all_of(&self.events(&notify.events));
        let whom: Vec<&str> = notify
            .recipients
            .iter()
            .map(|side| match side {
                Recipient::Provider => self.pick(
                    "the provider's people",
                    "den zuständigen Personen des Anbieters",
                    "às pessoas responsáveis do fornecedor",
                ),
                Recipient::Consumer => self.pick(
                    "the consumer's people",
                    "den zuständigen Personen des Nutzers",
                    "às pessoas responsáveis do utilizador",
                ),
            })
            .collect();
        let whom = self.language.all_of(&whom);
        self.pick(
            format!("the provider's connector tells {whom} of {events}"),
            format!("der Konnektor des Anbieters teilt {whom} mit: {events}"),
            format!("o conector do fornecedor comunica {whom} {events}"),
        )
    }

    fn legal_basis(&self, basis: LegalBasis) -> String {
        let (letter, what) = match basis {
            LegalBasis::Consent => (
                "a",
                self.pick("consent", "die Einwilligung", "o consentimento"),
            ),
            LegalBasis::Contract => (
                "b",
                self.pick(
                    "a contract with the data subject",
                    "ein Vertrag mit der betroffenen Person",
                    "um contrato com o titular dos dados",
                ),
            ),
            LegalBasis::Obligation => (
                "c",
                self.pick(
                    "a legal obligation",
                    "eine rechtliche Verpflichtung",
                    "uma obrigação jurídica",
                ),
            ),
            LegalBasis::Vital => (
                "d",
                self.pick(
                    "vital interests",
                    "lebenswichtige Interessen",
                    "interesses vitais",
                ),
            ),
            LegalBasis::PublicTask => (
                "e",
                self.pick(
                    "a task carried out in the public interest",
                    "eine Aufgabe im öffentlichen Interesse",
                    "uma missão de interesse público",
                ),
            ),
            LegalBasis::Interests => (
                "f",
                self.pick(
                    "legitimate interests",
                    "berechtigte Interessen",
                    "interesses legítimos",
                ),
            ),
        };
        self.pick(
            format!("legal basis: {what} (Article 6(1), point ({letter}), GDPR)"),
            format!("Rechtsgrundlage: {what} (Artikel 6 Absatz 1 Buchstabe {letter} DSGVO)"),
            format!("fundamento jurídico: {what} (artigo 6.º, n.º 1, alínea {letter}), do RGPD)"),
        )
    }
}
