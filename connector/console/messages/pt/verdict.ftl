
## Verdict on files of evidence
