
## Settings
