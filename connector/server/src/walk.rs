//! The walks of a connector, readable from top to bottom.

pub(crate) mod answer;
pub(crate) mod ask;
pub(crate) mod attest;
pub(crate) mod cite;
pub(crate) mod combined;
pub(crate) mod fact;
pub(crate) mod front;
pub(crate) mod group;
pub(crate) mod guard;
pub(crate) mod incident;
pub(crate) mod messenger;
pub(crate) mod negotiate;
pub(crate) mod notice;
pub(crate) mod officers;
pub(crate) mod post;
pub(crate) mod present;
pub(crate) mod proof;
pub(crate) mod publish;
pub(crate) mod receipt;
pub(crate) mod revoke;
pub(crate) mod share;
pub(crate) mod stop;
pub(crate) mod token;
pub(crate) mod usage;
pub(crate) mod whole;
