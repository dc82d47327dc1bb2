//! federate.
