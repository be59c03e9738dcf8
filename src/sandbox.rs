//! A Kubernetes cluster for trying things out: an API server on loopback, good enough for kube and kubectl, that holds the whole
//! stack. It is another world behind the same protocols: it knows nothing of the console's model, sources or views.

pub mod defaults;
pub mod failure;
pub mod object;
pub mod patch;
pub mod resource;
pub mod selector;
pub mod store;
