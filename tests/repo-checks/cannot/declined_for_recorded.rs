//! error: E0308

fn attempt(declined: &PendingRefusal) {
    let _ = hansa_proto::peer::refusal::to_wire(declined);
}
