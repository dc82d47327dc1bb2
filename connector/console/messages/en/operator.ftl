
## Acts of operators
running-act = End
cut-title = Check before you end the answer
cut = End the answer
cut-done = The answer was ended.
cut-effect = The answer is cut now. The audit log closes it with the code ANSWER_CANCELLED, and whoever asked is told so.
cut-for-good = Rows that were sent stay with the other side. They can't be taken back.
reload-title = Check before you reload
reload = Reload
reload-done = The configuration was read again.
reload-effect = The connector reads its configuration, datasets, certificates and the trust bundle again. Answers that run go on.
reload-faults = If a part has a fault, what was in force before stays, and the next page says so. People whose roles have changed sign in again.
