
## Catalogue
