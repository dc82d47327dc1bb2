
## Own datasets
