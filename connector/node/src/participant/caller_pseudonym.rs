//! Pseudonym of whoever gives a command. It needs the connector, which a caller does not.

use crate::participant::Connector;
use crate::participant::caller::Caller;
use crate::participant::pseudonyms::Person;
use crate::process::blocking_work::run_waiting;
use hansa_policy::refusal::Refusal;

impl Caller {
    /// Pseudonym of the human being behind a command; none for the connector itself.
    ///
    /// # Errors
    /// If a new pseudonym can't be stored.
    pub fn pseudonym(&self, connector: &Connector) -> Result<Option<String>, Refusal> {
        let person = self.key(&connector.config()).map(Person::Human);
        run_waiting(|| {
            let pseudonyms = &connector.records.pseudonyms;
            let named = person.map(|person| pseudonyms.pseudonym(&person, connector.now()));
            named.transpose()
        })
    }
}
