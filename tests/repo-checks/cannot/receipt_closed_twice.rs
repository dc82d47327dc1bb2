//! error: E0382

fn attempt(receipt: RecordReceipt, refusal: Refusal) {
    let _ = PendingRefusal::for_open_entry(receipt, refusal.clone(), None);
    let _ = PendingRefusal::for_open_entry(receipt, refusal, None);
}
