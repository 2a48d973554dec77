//! One file that two data nodes name, and that two activities write for the same interval: what the first has written is lost.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::objects::Address;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::objects::dependencies;
use crate::objects::settings;
use crate::time::Interval;

/// Where a file is: the type of its data node, how its store is reached, its path, and for which interval.
type File = (&'static str, Option<Address>, String, Interval);

/// The files that are written, each with the data nodes that name it.
#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<File, Vec<Address>>);

impl Files {
    /// Notes the path of a data node for an interval. Gives what there is to say if another one has it, too.
    pub(super) fn note(
        &mut self,
        (objects, timetable): (&Objects, &Timetable),
        (node, interval, path): (&Object, Interval, &str),
    ) -> Option<Diagnostic> {
        let node_type = node.object_type.name;
        let path = path.trim_start_matches("./");
        let is_one = ["file", "s3"].contains(&node_type) && !path.ends_with('/');
        let writers = timetable.writers(&node.address);
        if !is_one || writers.is_empty() {
            return None;
        }
        let provider = settings::provider(objects, node);
        let provider = provider.map(|provider| provider.address.clone());
        let file = (node_type, provider, path.to_owned(), interval);
        let known = self.0.entry(file).or_default();
        let before = known.clone();
        known.push(node.address.clone());
        let others = before.iter();
        let others =
            others.flat_map(|first| timetable.writers(first).iter().map(move |it| (first, it)));
        let mut pairs = others
            .flat_map(|(first, other)| writers.iter().map(move |writer| (first, (other, writer))));
        // On demand, what is asked for together has one moment: a pipeline.
        let run_together = |one: &Address, other: &Address| {
            let pipeline = |address| objects.get(address).map(|it| it.pipeline.as_ref());
            !interval.is_moment() || pipeline(one) == pipeline(other)
        };
        let (first, (one, other)) = pairs.find(|(_, (one, other))| {
            one != other && run_together(one, other) && !waits(objects, timetable, one, other)
        })?;
        let detail = format!(
            "`{one}` writes `{path}` as `{first}`, and `{other}` writes it as `{}`, for the same interval: what ends last replaces what the other has written.",
            node.address
        );
        let mut warning =
            Diagnostic::warning("File with two writers", detail).about(node.address.to_string());
        warning.attribute = Some("path".to_owned());
        Some(warning.help(
            "Give one of the data nodes another path. If one activity goes on with what the other has written, say so with `input` or `depends_on`.",
        ))
    }
}

/// Whether one of two activities waits for the other, be it through others.
fn waits(objects: &Objects, timetable: &Timetable, one: &Address, other: &Address) -> bool {
    let reaches = |from: &Address, to: &Address| {
        let (mut open, mut seen) = (vec![from.clone()], BTreeSet::new());
        while let Some(address) = open.pop() {
            if address == *to {
                return true;
            }
            if let Some(object) = objects.get(&address)
                && seen.insert(address)
            {
                let edges = dependencies(objects, timetable, object).into_iter();
                open.extend(edges.map(|edge| edge.producer));
            }
        }
        false
    };
    reaches(one, other) || reaches(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Value;
    use crate::objects::Kind;
    use crate::objects::Moments;
    use crate::plan::testing::FILE;
    use crate::plan::testing::PIPELINE;
    use crate::plan::testing::SHELL;
    use crate::plan::testing::at;
    use crate::plan::testing::object;
    use crate::plan::testing::reference;
    use crate::plan::testing::side;
    use crate::plan::testing::string;

    /// What is said of activities `a` and `b` that write two data nodes with these paths; `b` has this, too.
    fn found(paths: [&str; 2], more: Option<(&str, Value)>) -> Vec<Diagnostic> {
        let node = |name: &str| format!("pipeline.p.data_node.{name}");
        let writer = |name: &str| {
            let output = ("output", reference("data_node", &node(name)));
            let command = ("command", string("true"));
            object(
                &SHELL,
                &format!("pipeline.p.activity.{name}"),
                [command, output],
            )
        };
        let mut second = writer("b");
        if let Some((name, value)) = more {
            second.attributes.insert(name.into(), value);
        }
        let file = |name: &str, path: &str| object(&FILE, &node(name), [("path", string(path))]);
        let objects: Objects = side([
            object(&PIPELINE, "pipeline.p", []),
            file("a", paths[0]),
            file("b", paths[1]),
            writer("a"),
            second,
        ]);
        let now = at("2026-11-24T06:00:00Z");
        let timetable = Timetable::new(&objects, &Moments::default(), now);
        let mut files = Files::default();
        let nodes = objects.values();
        let nodes = nodes.filter(|object| object.kind() == Kind::DataNode);
        let mut found = Vec::new();
        for node in nodes {
            let interval = timetable.next_interval(&node.address, now);
            if let Some(Value::String(path)) = node.get("path") {
                found.extend(files.note((&objects, &timetable), (node, interval, path)));
            }
        }
        found
    }

    #[test]
    fn two_data_nodes_that_are_one_file_are_told() {
        let found = found(["out/x.csv", "./out/x.csv"], None);
        assert_eq!(found.len(), 1, "{found:?}");
        let detail = &found[0].detail;
        assert!(
            detail.contains("`pipeline.p.activity.a` writes `out/x.csv`"),
            "{detail}"
        );
        assert_eq!(found[0].object.as_deref(), Some("pipeline.p.data_node.b"));
    }

    #[test]
    fn other_files_directories_and_work_in_an_order_are_right() {
        assert_eq!(found(["out/x.csv", "out/y.csv"], None), []);
        assert_eq!(found(["out/", "out/"], None), []);
        let after = reference("activity", "pipeline.p.activity.a");
        assert_eq!(found(["x", "x"], Some(("depends_on", after))), []);
        let reads = reference("data_node", "pipeline.p.data_node.a");
        assert_eq!(found(["x", "x"], Some(("input", reads))), []);
    }
}
