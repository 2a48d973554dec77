//! The graph of objects: who needs whom. The only user of petgraph.
//!
//! An edge runs from an object to one it needs: an activity needs the data it reads, data needs the activities that write
//! it, and everything needs what it refers to. The graph of a definition has no cycle; [`Graph::cycles`] finds those of a
//! configuration that has.

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use petgraph::graph::NodeIndex;

use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Object;
use crate::objects::Objects;

/// The objects of a definition and what each needs.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: BTreeMap<Address, NodeIndex>,
    graph: DiGraph<Address, &'static str>,
}

impl Graph {
    /// The graph of these objects. References to objects that are not among them are left out.
    pub fn new(objects: &Objects) -> Self {
        let mut graph = Self::default();
        for address in objects.keys() {
            let node = graph.graph.add_node(address.clone());
            graph.nodes.insert(address.clone(), node);
        }
        for object in objects.values() {
            graph.connect(objects, object);
        }
        graph
    }

    fn connect(&mut self, objects: &Objects, object: &Object) {
        for schema in object.object_type.schema() {
            for (_, target) in object.references(schema.name) {
                match schema.name {
                    "output" => self.edge(&target, &object.address, "written by"),
                    "depends_on"
                        if objects
                            .get(&target)
                            .is_some_and(|target| target.kind() == Kind::Pipeline) =>
                    {
                        for activity in objects.values().filter(|other| {
                            other.kind() == Kind::Activity
                                && other.pipeline.as_ref() == Some(&target)
                        }) {
                            self.edge(&object.address, &activity.address, schema.name);
                        }
                    }
                    name => self.edge(&object.address, &target, name),
                }
            }
        }
    }

    fn edge(&mut self, from: &Address, to: &Address, why: &'static str) {
        if let (Some(from), Some(to)) = (self.nodes.get(from), self.nodes.get(to)) {
            self.graph.update_edge(*from, *to, why);
        }
    }

    /// The cycles, each in the order of its edges, beginning with the first address by name.
    pub fn cycles(&self) -> Vec<Vec<Address>> {
        let mut cycles: Vec<_> = tarjan_scc(&self.graph)
            .into_iter()
            .filter(|component| match component.as_slice() {
                [only] => self.graph.contains_edge(*only, *only),
                _ => true,
            })
            .map(|component| self.cycle_in(&component))
            .collect();
        cycles.sort();
        cycles
    }

    /// One cycle through the first node of a strongly connected component: the shortest way back to it.
    fn cycle_in(&self, component: &[NodeIndex]) -> Vec<Address> {
        let Some(start) = component
            .iter()
            .copied()
            .min_by_key(|node| &self.graph[*node])
        else {
            return Vec::new();
        };
        let mut came_from: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
        let mut front = vec![start];
        let mut last = start;
        'search: while !front.is_empty() {
            let mut next = Vec::new();
            for node in front {
                let mut neighbours: Vec<_> = self
                    .graph
                    .neighbors_directed(node, Direction::Outgoing)
                    .filter(|neighbour| component.contains(neighbour))
                    .collect();
                neighbours.sort_by_key(|neighbour| &self.graph[*neighbour]);
                for neighbour in neighbours {
                    if neighbour == start {
                        last = node;
                        break 'search;
                    }
                    if let std::collections::btree_map::Entry::Vacant(e) =
                        came_from.entry(neighbour)
                    {
                        e.insert(node);
                        next.push(neighbour);
                    }
                }
            }
            front = next;
        }
        let mut cycle = vec![self.graph[last].clone()];
        while let Some(previous) = came_from.get(&last) {
            cycle.push(self.graph[*previous].clone());
            last = *previous;
        }
        cycle.reverse();
        cycle
    }

    /// The graph in the language of Graphviz; an edge runs from an object to one it needs, as Terraform draws it.
    pub fn dot(&self) -> String {
        let mut text = String::from(
            "digraph G {\n  rankdir = \"RL\";\n  node [shape = rect, fontname = \"sans-serif\"];\n",
        );
        for address in self.nodes.keys() {
            text.extend(["  ", &quoted(address), ";\n"]);
        }
        for (from, node) in &self.nodes {
            let mut targets: Vec<_> = self
                .graph
                .neighbors_directed(*node, Direction::Outgoing)
                .map(|target| &self.graph[target])
                .collect();
            targets.sort();
            for to in targets {
                text.extend(["  ", &quoted(from), " -> ", &quoted(to), ";\n"]);
            }
        }
        text.push_str("}\n");
        text
    }
}

fn quoted(address: &Address) -> String {
    format!(
        "\"{}\"",
        address.as_str().replace('\\', "\\\\").replace('"', "\\\"")
    )
}
