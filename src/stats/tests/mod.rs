mod buckets;
mod snapshot;
