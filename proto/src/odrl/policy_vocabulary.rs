//! The words of a policy around its clauses.

/// The profile, and the second entry of the context.
pub const PROFILE: &str = "urn:hansa:odrl:1";

/// The assignee of a public view.
pub const PUBLIC: &str = "h:public";
