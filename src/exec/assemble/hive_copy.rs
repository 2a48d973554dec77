//! What `activity "hive_copy"` needs: its two data nodes as tables, and a script of Hive that copies one into the other.

use super::Assembler;
use super::command::in_order;
use super::jobs::exported;
use super::jobs::only_one;
use crate::exec::jobs::Hive;
use crate::exec::jobs::Staged;
use crate::exec::jobs::Table;
use crate::exec::sql::Script;
use crate::objects::resolve::Nodes;
use crate::objects::resolve::Resolved;
use crate::objects::resolve::ResolvedActivity;
use crate::objects::tables;

impl<'a> Assembler<'a> {
    /// A copy between `DynamoDB` and S3, as a script of Hive.
    pub(super) fn hive_copy(&self, resolved: &ResolvedActivity<'a>) -> Result<Hive, String> {
        let activity = &resolved.activity;
        let input = self.copied(activity, "input", &resolved.inputs)?;
        let output = only_one(self.copied(activity, "output", &resolved.outputs)?);
        let script = script(&input, &output, activity.text("filter_sql"))?;
        Ok(Hive {
            script: Script::Text(script),
            stage: true,
            inputs: vec![input],
            outputs: vec![output],
            variables: Vec::new(),
            queue: None,
        })
    }

    /// The only data node of an attribute, as a table.
    fn copied(
        &self,
        activity: &Resolved<'a>,
        attribute: &str,
        nodes: &Nodes<'a>,
    ) -> Result<Staged, String> {
        let of = tables::Use {
            written: attribute == "output",
            on_cluster: true,
            copied: true,
        };
        match in_order(activity.object, attribute, nodes).as_slice() {
            [nodes] => self.staged(nodes, of),
            nodes => Err(format!(
                "`{attribute}` has {} data nodes, and a copy has one",
                nodes.len()
            )),
        }
    }
}

/// The script: all records, or those that meet a condition, with the columns that are written.
fn script(input: &Staged, output: &Staged, filter: Option<&str>) -> Result<String, String> {
    let from = input.table.as_ref().map_err(Clone::clone)?;
    let to = output.table.as_ref().map_err(Clone::clone)?;
    let is_export = |table: &Table| table.columns == exported();
    if is_export(from) != is_export(to) {
        return Err(format!(
            "`{}` and `{}` have both the format `dynamodb_export`, or neither of them",
            from.address, to.address
        ));
    }
    let mut selected = Vec::new();
    for (name, _) in &to.columns {
        let mut known = from.columns.iter();
        if !known.any(|(own, _)| own.eq_ignore_ascii_case(name)) {
            return Err(format!(
                "`{}` has the column `{name}`, and `{}` has none of that name",
                to.address, from.address
            ));
        }
        selected.push(format!("`{}`", name.replace('`', "``")));
    }
    let selected = selected.join(", ");
    let filter = filter.filter(|filter| !filter.trim().is_empty());
    let filter = filter.map(|filter| format!("\nWHERE {filter}"));
    Ok(format!(
        "INSERT OVERWRITE TABLE ${{output1}}\nSELECT {selected}\nFROM ${{input1}}{}\n;\n",
        filter.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::jobs::Layout;

    fn staged(address: &str, columns: &[(&str, &str)]) -> Staged {
        let columns = columns.iter();
        Staged {
            table: Ok(Table {
                address: address.to_owned(),
                layout: Layout::JsonLines,
                columns: columns
                    .map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()))
                    .collect(),
                compression: None,
            }),
            places: Vec::new(),
            accumulates: false,
        }
    }

    const EXPORT: [(&str, &str); 1] = [("item", "MAP<STRING,STRING>")];

    #[test]
    fn what_is_written_is_selected() {
        let users = staged("data_node.users", &[("id", "STRING"), ("visits", "INT")]);
        let visits = staged("data_node.visits", &[("Visits", "INT"), ("id", "STRING")]);
        assert_eq!(
            script(&users, &visits, Some("visits > 7 -- often")).unwrap(),
            "INSERT OVERWRITE TABLE ${output1}\nSELECT `Visits`, `id`\nFROM ${input1}\nWHERE visits > 7 -- often\n;\n"
        );
        let [from, to] = ["data_node.users", "data_node.kept"].map(|it| staged(it, &EXPORT));
        assert_eq!(
            script(&from, &to, Some(" ")).unwrap(),
            "INSERT OVERWRITE TABLE ${output1}\nSELECT `item`\nFROM ${input1}\n;\n"
        );
    }

    #[test]
    fn what_cannot_be_copied_says_why() {
        let users = staged("data_node.users", &[("id", "STRING")]);
        let more = staged("data_node.more", &[("id", "STRING"), ("day", "DATE")]);
        let items = staged("data_node.items", &EXPORT);
        let mut bare = staged("data_node.bare", &[]);
        bare.table = Err("`data_node.bare` has no `format`".to_owned());
        for (from, to, expected) in [
            (
                &users,
                &more,
                "has the column `day`, and `data_node.users` has none",
            ),
            (&users, &items, "or neither of them"),
            (&items, &users, "or neither of them"),
            (&bare, &users, "has no `format`"),
            (&users, &bare, "has no `format`"),
        ] {
            let error = script(from, to, None).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
