
## Acts: check pages and their results
