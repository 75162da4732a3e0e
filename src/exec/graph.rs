//! The graph of a step's packages, which `go build -debug-actiongraph` writes before it starts the first compiler.
//!
//! `go build -v` names a package when its compiler starts, and says nothing of packages that come from its cache.
//! A package starts only when everything below it is done, so the graph turns each name into the number of
//! packages that are done. Source: `cmd/go/internal/work/action.go` of Go 1.26, `actionGraphJSON`.

use std::collections::HashMap;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Node {
    #[serde(rename = "ID")]
    id: usize,
    mode: String,
    #[serde(default)]
    package: String,
    #[serde(default)]
    deps: Vec<usize>,
}

/// Packages, which of them are known to be done, and the one that is linked.
#[derive(Debug, Default)]
pub(super) struct PackageGraph {
    index: HashMap<String, usize>,
    deps: Vec<Vec<usize>>,
    is_package: Vec<bool>,
    done: Vec<bool>,
    done_count: usize,
    total: usize,
    main: Option<String>,
}

impl PackageGraph {
    /// Reads the file's text; `None` when it is not (yet) a graph.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let nodes: Vec<Node> = serde_json::from_str(text).ok()?;
        let mut graph = PackageGraph::default();
        let size = nodes.iter().map(|node| node.id + 1).max().unwrap_or(0).min(nodes.len());
        graph.deps.resize(size, Vec::new());
        graph.is_package.resize(size, false);
        graph.done.resize(size, false);
        for node in nodes.into_iter().filter(|node| node.id < size) {
            if node.mode == "build" {
                graph.total += 1;
                graph.is_package[node.id] = true;
                graph.index.insert(node.package.clone(), node.id);
            } else if node.mode == "link" {
                graph.main = Some(node.package);
            }
            graph.deps[node.id] = node.deps.into_iter().filter(|dep| *dep < size).collect();
        }
        Some(graph)
    }

    /// Packages in the graph.
    pub(super) fn total(&self) -> usize {
        self.total
    }

    /// Notes that a package's compiler has started. Returns how many packages are done, or `None` when the text is
    /// no package of the graph.
    pub(super) fn started(&mut self, package: &str) -> Option<usize> {
        let start = *self.index.get(package)?;
        let mut open = self.deps[start].clone();
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut self.done[node], true) {
                self.done_count += usize::from(self.is_package[node]);
                open.extend(self.deps[node].iter().copied());
            }
        }
        Some(self.done_count)
    }

    /// Whether this is the package that the linker waits for.
    pub(super) fn is_main(&self, package: &str) -> bool {
        self.main.as_deref() == Some(package)
    }
}

#[cfg(test)]
mod tests {
    use super::PackageGraph;

    #[test]
    fn a_start_means_everything_below_is_done() {
        let mut graph = PackageGraph::parse(
            r#"[{"ID":0,"Mode":"link-install","Package":"m","Deps":[1]},{"ID":1,"Mode":"link","Package":"m","Deps":[2,3]},
               {"ID":2,"Mode":"build","Package":"m","Deps":[3,5]},{"ID":3,"Mode":"build","Package":"a","Deps":[4]},
               {"ID":4,"Mode":"build","Package":"b"},{"ID":5,"Mode":"build check cache","Package":"m"}]"#,
        )
        .unwrap();
        assert_eq!(graph.total(), 3);
        assert_eq!(graph.started("b"), Some(0));
        assert_eq!(graph.started("a"), Some(1));
        assert_eq!(graph.started("m"), Some(2));
        assert_eq!(graph.started("m"), Some(2));
        assert!(graph.is_main("m") && !graph.is_main("a"));
        assert_eq!(graph.started("# m"), None);
    }

    #[test]
    fn nonsense_is_no_graph() {
        assert!(PackageGraph::parse("").is_none());
        assert!(PackageGraph::parse("[{\"ID\":0").is_none());
        let huge = r#"[{"ID":9999999999,"Mode":"build","Package":"a","Deps":[7]}]"#;
        assert_eq!(PackageGraph::parse(huge).unwrap().total(), 0);
    }
}
