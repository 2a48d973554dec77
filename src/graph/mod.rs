//! The graph of objects: who needs whom. The only user of petgraph.
//!
//! An edge runs from an object to one it needs: an activity needs the data it reads, data needs the activities that write
//! it, and everything needs what it refers to. What is read from before an interval begins (yesterday's own output) is
//! ordered by time, and makes no cycle of objects. The graph of a definition has no cycle; [`Graph::cycles`] and
//! [`Graph::knots`] find those of a configuration that has.

mod order;

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use petgraph::graph::EdgeReference;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeFiltered;
use petgraph::visit::EdgeRef as _;

use crate::objects::Address;
use crate::objects::Dependency;
use crate::objects::Kind;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::objects::activities;
use crate::objects::reads;

/// The objects of a definition and what each needs.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: BTreeMap<Address, NodeIndex>,
    graph: DiGraph<Address, Edge>,
}

/// Why one object needs another.
#[derive(Clone, Debug, Default)]
struct Edge {
    /// The instances of the other that its own wait for, one for each way in which they do.
    waits: Vec<Dependency>,
    /// Whether it needs the object for something else, too.
    refers: bool,
}

impl Edge {
    /// Whether all that is needed lies before the interval of the one who needs it.
    fn is_past(&self) -> bool {
        !self.refers && self.waits.iter().all(|wait| wait.past)
    }
}

/// Objects that read each other's past, and one of them waits for intervals that end after its own: so the past is not
/// past, and they wait for each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knot {
    /// The objects in the order of the edges, beginning with the one that waits.
    pub cycle: Vec<Address>,
    /// Whether what it waits for is a window in the past that reaches into an interval that has not ended.
    pub past: bool,
}

impl Graph {
    /// The graph of these objects. References to objects that are not among them are left out.
    pub fn new(objects: &Objects, timetable: &Timetable) -> Self {
        let mut graph = Self::default();
        for address in objects.keys() {
            let node = graph.graph.add_node(address.clone());
            graph.nodes.insert(address.clone(), node);
        }
        for object in objects.values() {
            graph.connect(objects, timetable, object);
        }
        graph
    }

    fn connect(&mut self, objects: &Objects, timetable: &Timetable, object: &Object) {
        let address = &object.address;
        let names = object.attributes.keys();
        let refers: Vec<_> = names
            .map(|name| (name, object.readings(name)))
            .filter(|(_, readings)| !readings.is_empty())
            .collect();
        for schema in object.object_type.schema() {
            let found = refers.iter().find(|(name, _)| ***name == *schema.name);
            for reading in found.into_iter().flat_map(|(_, readings)| readings) {
                let target = &reading.address;
                let is_pipeline = || {
                    let target = objects.get(target);
                    target.is_some_and(|target| target.kind() == Kind::Pipeline)
                };
                match schema.name {
                    "output" => self.waits(target, Dependency::aligned(address.clone())),
                    "depends_on" if is_pipeline() => {
                        for activity in activities(objects, target) {
                            let edge = Dependency::aligned(activity.address.clone());
                            self.waits(address, edge);
                        }
                    }
                    "depends_on" | "input" => {
                        self.waits(address, reads(timetable, object, reading));
                    }
                    _ => self.edge(address, target, |edge| edge.refers = true),
                }
            }
        }
    }

    fn waits(&mut self, from: &Address, wait: Dependency) {
        let to = wait.producer.clone();
        self.edge(from, &to, |edge| edge.waits.push(wait));
    }

    fn edge(&mut self, from: &Address, to: &Address, add: impl FnOnce(&mut Edge)) {
        if let (Some(from), Some(to)) = (self.nodes.get(from), self.nodes.get(to)) {
            let found = self.graph.find_edge(*from, *to);
            let edge = found.unwrap_or_else(|| self.graph.add_edge(*from, *to, Edge::default()));
            if let Some(edge) = self.graph.edge_weight_mut(edge) {
                add(edge);
            }
        }
    }

    /// The cycles, each in the order of its edges, beginning with the first address by name.
    pub fn cycles(&self) -> Vec<Vec<Address>> {
        let present = |edge: EdgeReference<'_, Edge>| !edge.weight().is_past();
        let mut cycles: Vec<_> = self
            .components(present)
            .into_iter()
            .filter_map(|component| {
                let first = component
                    .iter()
                    .copied()
                    .min_by_key(|node| &self.graph[*node])?;
                Some(self.way(&component, (first, first), present))
            })
            .collect();
        cycles.sort();
        cycles
    }

    /// The knots. Only for a graph without cycles.
    pub fn knots(&self, timetable: &Timetable) -> Vec<Knot> {
        let all = |_: EdgeReference<'_, Edge>| true;
        let mut knots = Vec::new();
        for component in self.components(all) {
            let inside = self.graph.edge_references().filter(|edge| {
                component.contains(&edge.source()) && component.contains(&edge.target())
            });
            let mut tied: Vec<_> = inside
                .filter_map(|edge| {
                    let reader = &self.graph[edge.source()];
                    let mut waits = edge.weight().waits.iter();
                    let wait = waits.find(|wait| !order::is_ordered(timetable, reader, wait))?;
                    Some((reader, edge.source(), edge.target(), wait.past))
                })
                .collect();
            tied.sort();
            // One says what is wrong; the others are the same circle.
            if let Some((_, from, to, past)) = tied.first() {
                let mut cycle = vec![self.graph[*from].clone()];
                cycle.extend(self.way(&component, (*to, *from), all));
                knots.push(Knot { cycle, past: *past });
            }
        }
        knots.sort_by(|one, other| one.cycle.cmp(&other.cycle));
        knots
    }

    /// The strongly connected components that have a cycle, over the edges that are present.
    fn components(
        &self,
        present: impl Fn(EdgeReference<'_, Edge>) -> bool + Copy,
    ) -> Vec<Vec<NodeIndex>> {
        let graph = EdgeFiltered::from_fn(&self.graph, present);
        let loops = |node: NodeIndex| {
            let mut edges = self.graph.edges(node);
            edges.any(|edge| edge.target() == node && present(edge))
        };
        let mut components = tarjan_scc(&graph);
        components.retain(|component| match component.as_slice() {
            [only] => loops(*only),
            _ => true,
        });
        components
    }

    /// The shortest way from one node of a component to another, without the last; a way from a node to itself leads
    /// around.
    fn way(
        &self,
        component: &[NodeIndex],
        (from, to): (NodeIndex, NodeIndex),
        present: impl Fn(EdgeReference<'_, Edge>) -> bool,
    ) -> Vec<Address> {
        let mut came_from: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
        let mut front = vec![from];
        let mut last = from;
        'search: while !front.is_empty() {
            let mut next = Vec::new();
            for node in front {
                let edges = self.graph.edges(node).filter(|edge| present(*edge));
                let mut neighbours: Vec<_> = edges
                    .map(|edge| edge.target())
                    .filter(|neighbour| component.contains(neighbour))
                    .collect();
                neighbours.sort_by_key(|neighbour| &self.graph[*neighbour]);
                for neighbour in neighbours {
                    if neighbour == to {
                        last = node;
                        break 'search;
                    }
                    if neighbour != from
                        && let std::collections::btree_map::Entry::Vacant(entry) =
                            came_from.entry(neighbour)
                    {
                        entry.insert(node);
                        next.push(neighbour);
                    }
                }
            }
            front = next;
        }
        let mut way = vec![self.graph[last].clone()];
        while let Some(previous) = came_from.get(&last) {
            way.push(self.graph[*previous].clone());
            last = *previous;
        }
        way.reverse();
        way
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
