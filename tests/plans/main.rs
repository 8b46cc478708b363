//! Plans: word for word for given deployments and snapshots, and what must always hold of them.

mod properties;
mod scenarios;
