
## Operations
