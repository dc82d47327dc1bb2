
## Evidence
