//! States of a data flow, and the transitions between them.

use hansa_policy::negotiation::PartyRole;

/// State of a data flow (Data Plane Signaling 1.0-RC3, "Data Flow State Machine"). The asynchronous states don't occur here, since
/// a message is answered after the decision on the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataFlowState {
    /// The consumer is ready.
    Prepared,
    /// Data can be pulled.
    Started,
    /// Ended successfully.
    Suspended,
    /// Ended without success.
    Completed,
    /// Ended otherwise.
    Terminated,
}

/// Step that a control plane orders (Data Plane Signaling 1.0-RC3, "Data Plane API").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataFlowStep {
    /// Prepare as consumer.
    Prepare,
    /// Serve the data as provider.
    Start,
    /// Note to the consumer that the provider has started.
    Started,
    /// Suspend the flow.
    Suspend,
    /// Resume the flow.
    Resume,
    /// All data was transferred.
    Complete,
    /// End the flow.
    Terminate,
}

impl DataFlowState {
    /// All states, in the order of a flow.
    pub const ALL: [Self; 5] = [
        Self::Prepared,
        Self::Started,
        Self::Suspended,
        Self::Completed,
        Self::Terminated,
    ];

    /// State after a step of a flow in which the data plane has this role; none for a forbidden transition.
    ///
    /// `from` is absent before the first step.
    #[must_use]
    pub const fn next(from: Option<Self>, step: DataFlowStep, role: PartyRole) -> Option<Self> {
        match (from, step, role) {
            (None, DataFlowStep::Prepare, PartyRole::Consumer) => Some(Self::Prepared),
            (None, DataFlowStep::Start, PartyRole::Provider)
            | (Some(Self::Prepared), DataFlowStep::Started, PartyRole::Consumer)
            | (Some(Self::Suspended), DataFlowStep::Resume, _) => Some(Self::Started),
            (Some(Self::Started), DataFlowStep::Suspend, _) => Some(Self::Suspended),
            (Some(Self::Started), DataFlowStep::Complete, _) => Some(Self::Completed),
            (
                Some(Self::Prepared | Self::Started | Self::Suspended),
                DataFlowStep::Terminate,
                _,
            ) => Some(Self::Terminated),
            _ => None,
        }
    }

    /// Name of the state in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prepared => "PREPARED",
            Self::Started => "STARTED",
            Self::Suspended => "SUSPENDED",
            Self::Completed => "COMPLETED",
            Self::Terminated => "TERMINATED",
        }
    }

    /// State with this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl DataFlowStep {
    /// Step of the last segment of a path; none for an unknown one.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        Some(match path {
            "started" => Self::Started,
            "suspend" => Self::Suspend,
            "resume" => Self::Resume,
            "completed" => Self::Complete,
            "terminate" => Self::Terminate,
            _ => return None,
        })
    }

    /// Name of the step in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Start => "start",
            Self::Started => "started",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Complete => "completed",
            Self::Terminate => "terminate",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_an_end_and_nobody_starts_in_the_wrong_role() {
        let steps = [
            DataFlowStep::Prepare,
            DataFlowStep::Start,
            DataFlowStep::Started,
            DataFlowStep::Suspend,
            DataFlowStep::Resume,
            DataFlowStep::Complete,
            DataFlowStep::Terminate,
        ];
        for role in [PartyRole::Provider, PartyRole::Consumer] {
            for step in steps {
                for end in [DataFlowState::Completed, DataFlowState::Terminated] {
                    assert_eq!(DataFlowState::next(Some(end), step, role), None);
                }
            }
            let begins = steps.map(|step| DataFlowState::next(None, step, role));
            assert_eq!(begins.into_iter().flatten().count(), 1);
        }
        let started = Some(DataFlowState::Started);
        let next = |step| DataFlowState::next(started, step, PartyRole::Provider);
        assert_eq!(next(DataFlowStep::Start), None);
        assert_eq!(next(DataFlowStep::Resume), None);
        assert_eq!(next(DataFlowStep::Suspend), Some(DataFlowState::Suspended));
    }
}
