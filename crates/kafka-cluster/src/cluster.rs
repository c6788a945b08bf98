//! Several brokers that form a cluster.

use std::{net::TcpListener, path::Path, sync::OnceLock, time::Duration};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::{
    error::ClusterError,
    node::{Node, Plan, Ports, random_id},
    secured::Secured,
    skips::jars,
};

/// How long brokers may take to open their ports.
pub const START_TIMEOUT: Duration = Duration::from_secs(90);

/// Brokers 1 to n on this machine. Dropping it kills them and removes their data, unless it lives in a folder that was given.
#[derive(Debug)]
pub struct Cluster {
    plan: Plan,
    nodes: Vec<Node>,
}

impl Cluster {
    /// Starts this many brokers with data in a temporary folder, and waits until all serve.
    ///
    /// # Errors
    /// [`ClusterError`], also where Java or the jars are absent.
    pub fn start(nodes: usize) -> Result<Self, ClusterError> {
        let folder = TempDir::with_prefix("chappe-kafka-").map_err(ClusterError::io("make a temporary folder"))?;
        // The shells that watch the brokers remove it, also when this process is killed.
        Self::start_at(&folder.keep(), nodes, &[], true)
    }

    /// Starts this many brokers with their data in `folder`, which stays when they end.
    ///
    /// # Errors
    /// [`ClusterError`], also where Java or the jars are absent.
    pub fn start_in(folder: &Path, nodes: usize) -> Result<Self, ClusterError> {
        Self::start_at(folder, nodes, &[], false)
    }

    /// As [`Cluster::start_in`], a broker for each of these ports: clients and brokers are told to find each there, so that whoever listens
    /// there may pass on to [`Cluster::port`] or not. Brokers come up only once that is passed on.
    ///
    /// # Errors
    /// [`ClusterError`], also where Java or the jars are absent.
    pub fn start_behind(folder: &Path, advertised: &[u16]) -> Result<Self, ClusterError> {
        Self::start_at(folder, advertised.len(), advertised, false)
    }

    /// Starts one broker that has, besides, listeners that ask who one is.
    ///
    /// # Errors
    /// [`ClusterError`], also where Java, the jars or `openssl` are absent.
    pub fn start_secured() -> Result<(Self, Secured), ClusterError> {
        let folder = TempDir::with_prefix("chappe-kafka-").map_err(ClusterError::io("make a temporary folder"))?;
        // All at once, so that no two are the same: the first two are the broker's own.
        let mut ports = free_ports(2, &[])?;
        let asking = ports.remove(1);
        // In the broker's own folder, which goes with it.
        let certificates = folder.path().join("1").join("certificates");
        let secured = Secured::create(&certificates, asking.broker, asking.controller)?;
        let plan = Plan {
            jars: jars()?,
            ports,
            cluster_id: random_id(),
            owns_folder: true,
            secured: Some(secured.clone()),
        };
        Ok((Self::start_by(plan, &folder.keep())?, secured))
    }

    /// The port at which a broker (1 to n) itself listens.
    ///
    /// # Errors
    /// [`ClusterError`] where there is no such broker.
    pub fn port(&self, node: usize) -> Result<u16, ClusterError> {
        Ok(self.node(node)?.port())
    }

    /// The cluster of this many brokers (1 or more) that all tests of this process share: started once, killed when the process ends.
    ///
    /// # Errors
    /// The words of the error that kept it from starting.
    pub fn shared(nodes: usize) -> Result<&'static Self, String> {
        static SINGLE: OnceLock<Result<Cluster, String>> = OnceLock::new();
        static SEVERAL: OnceLock<Result<Cluster, String>> = OnceLock::new();
        let held = if nodes <= 1 { &SINGLE } else { &SEVERAL };
        let started = held.get_or_init(|| Self::start(nodes.max(1)).map_err(|error| error.to_string()));
        started.as_ref().map_err(Clone::clone)
    }

    fn start_at(folder: &Path, nodes: usize, advertised: &[u16], owns_folder: bool) -> Result<Self, ClusterError> {
        let plan = Plan {
            jars: jars()?,
            ports: free_ports(nodes, advertised)?,
            cluster_id: random_id(),
            owns_folder,
            secured: None,
        };
        Self::start_by(plan, folder)
    }

    fn start_by(plan: Plan, folder: &Path) -> Result<Self, ClusterError> {
        let ids = 1..=plan.ports.len();
        let nodes: Result<Vec<Node>, _> = ids.map(|id| Node::create(&plan, id, folder)).collect();
        let mut cluster = Self { plan, nodes: nodes? };
        cluster.up_all()?;
        Ok(cluster)
    }

    /// The brokers' addresses, as clients are given them.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        let addresses: Vec<String> = self.nodes.iter().map(Node::address).collect();
        addresses.join(",")
    }

    /// How many brokers there are, running or not.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Kills a broker (1 to n) as a power cut would, its data on disk excepted.
    ///
    /// # Errors
    /// [`ClusterError`] where it does not run.
    pub fn kill(&mut self, node: usize) -> Result<(), ClusterError> {
        self.node_mut(node)?.kill(true)
    }

    /// Stops a broker's process in the middle of whatever it does (`SIGSTOP`).
    ///
    /// # Errors
    /// [`ClusterError`] where it does not run.
    pub fn stop(&self, node: usize) -> Result<(), ClusterError> {
        self.node(node)?.signal(Signal::STOP)
    }

    /// Lets a stopped broker go on (`SIGCONT`).
    ///
    /// # Errors
    /// [`ClusterError`] where it does not run.
    pub fn cont(&self, node: usize) -> Result<(), ClusterError> {
        self.node(node)?.signal(Signal::CONT)
    }

    /// Starts a broker that was killed, and waits until it serves.
    ///
    /// # Errors
    /// [`ClusterError`] where it runs already or does not come up.
    pub fn up(&mut self, node: usize) -> Result<(), ClusterError> {
        let (plan, nodes) = (&self.plan, self.nodes.len());
        let found = node.checked_sub(1).and_then(|at| self.nodes.get_mut(at));
        let node = found.ok_or(ClusterError::NoSuchNode { node, nodes })?;
        node.start(plan)?;
        node.wait_up(START_TIMEOUT)
    }

    /// Kills every broker that runs, then starts all of them again.
    ///
    /// # Errors
    /// [`ClusterError`] where one does not come up.
    pub fn restart_all(&mut self) -> Result<(), ClusterError> {
        for node in self.nodes.iter_mut().filter(|node| node.is_running()) {
            node.kill(true)?;
        }
        self.up_all()
    }

    fn up_all(&mut self) -> Result<(), ClusterError> {
        for node in &mut self.nodes {
            node.start(&self.plan)?;
        }
        self.nodes.iter().try_for_each(|node| node.wait_up(START_TIMEOUT))
    }

    fn node(&self, node: usize) -> Result<&Node, ClusterError> {
        let nodes = self.nodes.len();
        let found = node.checked_sub(1).and_then(|at| self.nodes.get(at));
        found.ok_or(ClusterError::NoSuchNode { node, nodes })
    }

    fn node_mut(&mut self, node: usize) -> Result<&mut Node, ClusterError> {
        let nodes = self.nodes.len();
        let found = node.checked_sub(1).and_then(|at| self.nodes.get_mut(at));
        found.ok_or(ClusterError::NoSuchNode { node, nodes })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in self.nodes.iter_mut().filter(|node| node.is_running()) {
            // Its shell kills it in any case, once this process is gone.
            let _ = node.kill(false);
        }
    }
}

/// Ports that nobody listens on now: two for each broker. It is told to be at its own, unless another is given.
fn free_ports(nodes: usize, advertised: &[u16]) -> Result<Vec<Ports>, ClusterError> {
    // All are held until all are known, so that no two are the same.
    let mut held = Vec::new();
    let mut port = || {
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(ClusterError::io("find a free port"))?;
        let address = listener.local_addr().map_err(ClusterError::io("find a free port"))?;
        held.push(listener);
        Ok(address.port())
    };
    let each = |at: usize| {
        let broker = port()?;
        Ok(Ports {
            broker,
            controller: port()?,
            advertised: advertised.get(at).copied().unwrap_or(broker),
        })
    };
    (0..nodes).map(each).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::is_available;

    #[test]
    fn a_broker_that_is_not_there_is_named() {
        let cluster = Cluster {
            plan: Plan {
                jars: "jars".into(),
                ports: Vec::new(),
                cluster_id: random_id(),
                owns_folder: false,
                secured: None,
            },
            nodes: Vec::new(),
        };
        let said = cluster.stop(1).unwrap_err().to_string();
        assert_eq!(said, "the cluster has brokers 1 to 0, there is no broker 1");
    }

    #[test]
    fn brokers_start_come_back_after_a_kill_and_leave_nothing_behind() {
        if !is_available("brokers start") {
            return;
        }
        let mut cluster = Cluster::start(1).unwrap();
        let folder = cluster.nodes[0].folder().to_owned();
        cluster.kill(1).unwrap();
        assert!(cluster.kill(1).is_err(), "it is dead");
        assert!(folder.exists(), "its data stay");
        cluster.restart_all().unwrap();
        cluster.stop(1).unwrap();
        cluster.cont(1).unwrap();
        drop(cluster);
        assert!(!folder.exists() && !folder.parent().unwrap().exists());
    }
}
