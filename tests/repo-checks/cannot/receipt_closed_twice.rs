//! error: E0382

fn attempt(receipt: RecordReceipt, refusal: Refusal) {
    let _ = PendingRefusal::closing(receipt, refusal.clone(), None);
    let _ = PendingRefusal::closing(receipt, refusal, None);
}
