//! Subject of a record: participants, contracts, datasets and the question.

use super::body::{
    AnswerBody, ConfigurationBody, ContractBody, IncidentBody, MessageBody, PublicationBody,
    RecordBody, UpkeepBody,
};

impl RecordBody {
    /// Other participant of the record; absent where there is none, or for strangers.
    #[must_use]
    pub fn peer(&self) -> Option<&str> {
        match self {
            Self::Answer(body) => match body {
                AnswerBody::Permit(permit) => Some(&permit.peer),
                AnswerBody::Refusal(refusal) => refusal.peer.as_deref(),
                AnswerBody::RefusalCount(count) => count.peer.as_deref(),
                AnswerBody::NoNewData(told) => Some(&told.peer),
                AnswerBody::ReceiptAcknowledgement(word) => Some(&word.peer),
                AnswerBody::OneSidedReceipt(receipt) => Some(&receipt.peer),
                AnswerBody::RemoteQuery(query) => Some(&query.peer),
                AnswerBody::Received(received) => Some(&received.peer),
                AnswerBody::NotReceived(end) => Some(&end.peer),
                AnswerBody::Cancellation(end) => Some(&end.peer),
                AnswerBody::ActionCount(count) => count.peer.as_deref(),
                AnswerBody::Progress(_)
                | AnswerBody::Close(_)
                | AnswerBody::OpenBlock(_)
                | AnswerBody::ModelSeen(_) => None,
            },
            Self::Contract(body) => match body {
                ContractBody::Deletion(deletion) => Some(&deletion.peer),
                ContractBody::ReceivedNotice(notice) => Some(&notice.peer),
                ContractBody::Template(template) => Some(&template.peer),
                ContractBody::Activation(_)
                | ContractBody::Withdrawal(_)
                | ContractBody::Restriction(_)
                | ContractBody::Group(_)
                | ContractBody::Approval(_)
                | ContractBody::Usage(_)
                | ContractBody::TopUp(_)
                | ContractBody::Notice(_)
                | ContractBody::Credential(_) => None,
            },
            Self::Message(body) => match body {
                MessageBody::Message(message) => Some(&message.peer),
                MessageBody::FetchedMessages(fetched) => Some(&fetched.peer),
                MessageBody::ReplacedMessage(replaced) => Some(&replaced.peer),
                MessageBody::PartnerMessage(_)
                | MessageBody::PartnerData(_)
                | MessageBody::PortalNotice(_) => None,
            },
            Self::Configuration(body) => match body {
                ConfigurationBody::Peer(peer) => Some(&peer.peer),
                ConfigurationBody::Trust(_)
                | ConfigurationBody::Configuration(_)
                | ConfigurationBody::Change(_)
                | ConfigurationBody::Rulebook(_)
                | ConfigurationBody::AccessToken(_)
                | ConfigurationBody::ConsoleSignIn(_)
                | ConfigurationBody::ConsoleRefusal(_)
                | ConfigurationBody::ConsoleAct(_)
                | ConfigurationBody::ConsolePasskey(_)
                | ConfigurationBody::ConsoleView(_) => None,
            },
            Self::Incident(body) => Some(match body {
                IncidentBody::ObservedHead(head) => &head.peer,
                IncidentBody::GossipedHead(head) => &head.peer,
                IncidentBody::WitnessedHead(head) => &head.peer,
                IncidentBody::LogFork(fork) => &fork.peer,
                IncidentBody::Incident(incident) => &incident.peer,
            }),
            Self::Publication(_) | Self::Upkeep(_) => None,
        }
    }

    /// Participants of the record: the other one, and the parties of a contract.
    #[must_use]
    pub fn participants(&self) -> Vec<&str> {
        match self {
            Self::Contract(ContractBody::Activation(activation)) => {
                vec![&activation.consumer, &activation.provider]
            }
            Self::Contract(ContractBody::Withdrawal(withdrawal)) => vec![&withdrawal.party],
            Self::Answer(_)
            | Self::Contract(_)
            | Self::Message(_)
            | Self::Publication(_)
            | Self::Configuration(_)
            | Self::Incident(_)
            | Self::Upkeep(_) => self.peer().into_iter().collect(),
        }
    }

    /// Contract of the record, where it is exactly one.
    #[must_use]
    pub fn contract(&self) -> Option<&str> {
        match self {
            Self::Answer(body) => match body {
                AnswerBody::Refusal(refusal) => refusal.contract.as_deref(),
                AnswerBody::Close(close) => close.contract.as_deref(),
                AnswerBody::OpenBlock(block) => block.contract.as_deref(),
                AnswerBody::ModelSeen(seen) => Some(&seen.contract),
                AnswerBody::Permit(_)
                | AnswerBody::RefusalCount(_)
                | AnswerBody::NoNewData(_)
                | AnswerBody::Progress(_)
                | AnswerBody::ReceiptAcknowledgement(_)
                | AnswerBody::OneSidedReceipt(_)
                | AnswerBody::RemoteQuery(_)
                | AnswerBody::Received(_)
                | AnswerBody::NotReceived(_)
                | AnswerBody::Cancellation(_)
                | AnswerBody::ActionCount(_) => None,
            },
            Self::Contract(body) => match body {
                ContractBody::Activation(activation) => Some(&activation.contract),
                ContractBody::Withdrawal(withdrawal) => Some(&withdrawal.contract),
                ContractBody::Approval(approval) => approval.contract.as_deref(),
                ContractBody::Usage(usage) => Some(&usage.contract),
                ContractBody::TopUp(top_up) => Some(&top_up.contract),
                ContractBody::Deletion(deletion) => Some(&deletion.contract),
                ContractBody::Notice(notice) => Some(&notice.contract),
                ContractBody::ReceivedNotice(notice) => Some(&notice.contract),
                ContractBody::Restriction(_)
                | ContractBody::Group(_)
                | ContractBody::Credential(_)
                | ContractBody::Template(_) => None,
            },
            Self::Message(body) => match body {
                MessageBody::Message(message) => message.contract.as_deref(),
                MessageBody::PartnerMessage(message) => message.contract.as_deref(),
                MessageBody::PortalNotice(notice) => notice.contract.as_deref(),
                MessageBody::FetchedMessages(_)
                | MessageBody::ReplacedMessage(_)
                | MessageBody::PartnerData(_) => None,
            },
            Self::Configuration(ConfigurationBody::AccessToken(token)) => token.contract.as_deref(),
            Self::Publication(_) | Self::Configuration(_) | Self::Incident(_) | Self::Upkeep(_) => {
                None
            }
        }
    }

    /// Contracts of the record, with those of key values that were sent with a question.
    #[must_use]
    pub fn contracts(&self) -> Vec<&str> {
        let several: &[String] = match self {
            Self::Answer(body) => match body {
                AnswerBody::Permit(permit) => &permit.contracts,
                AnswerBody::Refusal(refusal) => refusal.contracts.as_deref().unwrap_or_default(),
                AnswerBody::RemoteQuery(query) => &query.contracts,
                AnswerBody::Received(received) => &received.contracts,
                AnswerBody::RefusalCount(_)
                | AnswerBody::NoNewData(_)
                | AnswerBody::Progress(_)
                | AnswerBody::Close(_)
                | AnswerBody::ReceiptAcknowledgement(_)
                | AnswerBody::OneSidedReceipt(_)
                | AnswerBody::OpenBlock(_)
                | AnswerBody::NotReceived(_)
                | AnswerBody::ModelSeen(_)
                | AnswerBody::Cancellation(_)
                | AnswerBody::ActionCount(_) => &[],
            },
            Self::Contract(_)
            | Self::Message(_)
            | Self::Publication(_)
            | Self::Configuration(_)
            | Self::Incident(_)
            | Self::Upkeep(_) => &[],
        };
        let delegated = self.sources().filter_map(|source| source.contract.as_ref());
        let several = several.iter().chain(delegated).map(String::as_str);
        several.chain(self.contract()).collect()
    }

    /// Datasets of the record, with those of key values that were sent with a question.
    #[must_use]
    pub fn datasets(&self) -> Vec<&str> {
        let one: Option<&str> = match self {
            Self::Answer(body) => match body {
                AnswerBody::Permit(permit) => {
                    return permit
                        .datasets
                        .iter()
                        .map(|entry| entry.id.as_str())
                        .collect();
                }
                AnswerBody::RemoteQuery(query) => {
                    let read = query.datasets.iter().map(|entry| entry.id.as_str());
                    let delegated = self.sources().map(|source| source.dataset.as_str());
                    return read.chain(delegated).collect();
                }
                AnswerBody::OpenBlock(block) => block.dataset.as_deref(),
                AnswerBody::ModelSeen(seen) => Some(&seen.dataset),
                AnswerBody::Refusal(_)
                | AnswerBody::RefusalCount(_)
                | AnswerBody::NoNewData(_)
                | AnswerBody::Progress(_)
                | AnswerBody::Close(_)
                | AnswerBody::ReceiptAcknowledgement(_)
                | AnswerBody::OneSidedReceipt(_)
                | AnswerBody::Received(_)
                | AnswerBody::NotReceived(_)
                | AnswerBody::Cancellation(_)
                | AnswerBody::ActionCount(_) => None,
            },
            Self::Contract(body) => match body {
                ContractBody::Activation(activation) => Some(&activation.dataset),
                ContractBody::Restriction(restriction) => Some(&restriction.dataset),
                ContractBody::Withdrawal(_)
                | ContractBody::Group(_)
                | ContractBody::Approval(_)
                | ContractBody::Usage(_)
                | ContractBody::TopUp(_)
                | ContractBody::Deletion(_)
                | ContractBody::Notice(_)
                | ContractBody::ReceivedNotice(_)
                | ContractBody::Credential(_)
                | ContractBody::Template(_) => None,
            },
            Self::Message(body) => match body {
                MessageBody::Message(message) => message.dataset.as_deref(),
                MessageBody::PortalNotice(notice) => Some(&notice.dataset),
                MessageBody::FetchedMessages(_)
                | MessageBody::ReplacedMessage(_)
                | MessageBody::PartnerMessage(_)
                | MessageBody::PartnerData(_) => None,
            },
            Self::Publication(body) => match body {
                PublicationBody::Publication(publication) => Some(&publication.dataset),
                PublicationBody::Unpublication(end) => Some(&end.dataset),
                PublicationBody::Release(release) => Some(&release.dataset),
                PublicationBody::SnapshotCheck(_) => None,
            },
            Self::Configuration(_) | Self::Incident(_) | Self::Upkeep(_) => None,
        };
        one.into_iter().collect()
    }

    /// Columns of other participants whose values were sent with a question.
    pub fn sources(&self) -> impl Iterator<Item = &super::answers::KeySource> {
        let keys = match self {
            Self::Answer(AnswerBody::RemoteQuery(query)) => query.keys.as_slice(),
            Self::Answer(_)
            | Self::Contract(_)
            | Self::Message(_)
            | Self::Publication(_)
            | Self::Configuration(_)
            | Self::Incident(_)
            | Self::Upkeep(_) => &[],
        };
        keys.iter().flat_map(|keys| &keys.of)
    }

    /// Request identity of the record's question.
    #[must_use]
    pub fn request(&self) -> Option<&str> {
        let Self::Answer(body) = self else {
            return None;
        };
        match body {
            AnswerBody::Permit(permit) => Some(&permit.request_id),
            AnswerBody::Refusal(refusal) => refusal.request_id.as_deref(),
            AnswerBody::NoNewData(told) => Some(&told.request_id),
            AnswerBody::Progress(progress) => Some(&progress.request_id),
            AnswerBody::Close(close) => close.request_id.as_deref(),
            AnswerBody::ReceiptAcknowledgement(word) => Some(&word.request_id),
            AnswerBody::OneSidedReceipt(receipt) => Some(&receipt.request_id),
            AnswerBody::RemoteQuery(query) => Some(&query.request_id),
            AnswerBody::Received(received) => Some(&received.request_id),
            AnswerBody::NotReceived(end) => Some(&end.request_id),
            AnswerBody::Cancellation(end) => Some(&end.request_id),
            AnswerBody::RefusalCount(_)
            | AnswerBody::OpenBlock(_)
            | AnswerBody::ModelSeen(_)
            | AnswerBody::ActionCount(_) => None,
        }
    }

    /// Place of the permit to which the record belongs.
    #[must_use]
    pub const fn permit_index(&self) -> Option<u64> {
        match self {
            Self::Answer(AnswerBody::Progress(progress)) => Some(progress.opened),
            Self::Answer(AnswerBody::Close(close)) => Some(close.opened),
            Self::Answer(_)
            | Self::Contract(_)
            | Self::Message(_)
            | Self::Publication(_)
            | Self::Configuration(_)
            | Self::Incident(_)
            | Self::Upkeep(_) => None,
        }
    }

    /// Code of the refusal in the record.
    #[must_use]
    pub fn refusal_code(&self) -> Option<&str> {
        match self {
            Self::Answer(body) => match body {
                AnswerBody::Refusal(refusal) => Some(&refusal.code),
                AnswerBody::Close(close) => close.code.as_deref(),
                AnswerBody::NotReceived(end) => Some(&end.code),
                AnswerBody::Permit(_)
                | AnswerBody::RefusalCount(_)
                | AnswerBody::NoNewData(_)
                | AnswerBody::Progress(_)
                | AnswerBody::ReceiptAcknowledgement(_)
                | AnswerBody::OneSidedReceipt(_)
                | AnswerBody::OpenBlock(_)
                | AnswerBody::RemoteQuery(_)
                | AnswerBody::Received(_)
                | AnswerBody::ModelSeen(_)
                | AnswerBody::Cancellation(_)
                | AnswerBody::ActionCount(_) => None,
            },
            Self::Incident(IncidentBody::LogFork(fork)) => Some(&fork.code),
            Self::Contract(_)
            | Self::Message(_)
            | Self::Publication(_)
            | Self::Configuration(_)
            | Self::Incident(_)
            | Self::Upkeep(_) => None,
        }
    }

    /// Outcome in the record.
    #[must_use]
    pub fn outcome(&self) -> Option<&str> {
        match self {
            Self::Answer(AnswerBody::Close(close)) => Some(&close.outcome),
            Self::Answer(AnswerBody::Received(received)) => Some(&received.outcome),
            Self::Contract(ContractBody::Notice(notice)) => Some(&notice.outcome),
            Self::Upkeep(UpkeepBody::Clock(clock)) => clock.outcome.as_deref(),
            Self::Answer(_)
            | Self::Contract(_)
            | Self::Message(_)
            | Self::Publication(_)
            | Self::Configuration(_)
            | Self::Incident(_)
            | Self::Upkeep(_) => None,
        }
    }
}
