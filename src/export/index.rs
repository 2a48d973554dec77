//! What of a pipeline is looked up: which objects are exported, what they are called, who refers to whom.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::DateTime;

use super::Source;
use super::lost::parts_of;
use super::objects::entries_of;
use crate::diag::Span;
use crate::import::translate::unique;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Part;
use crate::lang::print;
use crate::objects::Address;
use crate::objects::AttributeSchema;
use crate::objects::AttributeType;
use crate::objects::Kind;
use crate::objects::Object;

/// The id of what all objects inherit from.
pub(super) const DEFAULT: &str = "Default";

/// What the oldest tables say of their database.
const OF_TABLE: [&str; 4] = ["connection_string", "username", "password", "database_name"];

/// How long a way from one object to another over references may be.
const MAX_STEPS: usize = 3;

/// The index of a pipeline.
pub(super) struct Index<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) pipeline: &'a Object,
    /// The objects that are exported, apart from the pipeline.
    pub(super) members: Vec<&'a Object>,
    ids: BTreeMap<&'a Address, String>,
    /// The objects that refer to an object.
    users: BTreeMap<Address, Vec<&'a Object>>,
    /// Directories whose path is written without the slash at its end, because others read it so.
    bare: BTreeSet<Address>,
    /// Databases that are written into the only table that they have, as the oldest definitions do.
    inside: BTreeSet<Address>,
}

impl<'a> Index<'a> {
    pub(super) fn new(source: &'a Source<'a>, pipeline: &'a Object) -> Self {
        let mut index = Self {
            source,
            pipeline,
            members: Vec::new(),
            ids: BTreeMap::new(),
            users: BTreeMap::new(),
            bare: BTreeSet::new(),
            inside: BTreeSet::new(),
        };
        index.find_members();
        index.find_inside();
        index.give_ids();
        index.find_bare();
        index
    }

    /// The objects in the pipeline, and those outside of it that they refer to.
    fn find_members(&mut self) {
        let objects = self.source.objects;
        let inside = objects.values().filter(|object| {
            object.pipeline.as_ref() == Some(&self.pipeline.address)
                && object.kind() != Kind::Pipeline
        });
        let mut waiting: Vec<&Object> = inside.collect();
        waiting.push(self.pipeline);
        let mut seen: BTreeSet<&Address> = waiting.iter().map(|object| &object.address).collect();
        while let Some(object) = waiting.pop() {
            for address in references(object) {
                self.users.entry(address.clone()).or_default().push(object);
                let Some((address, target)) = objects.get_key_value(&address) else {
                    continue;
                };
                // What stands in another pipeline is that one's, apart from data, which is only named.
                let is_ours = target.pipeline.is_none() || target.kind() == Kind::DataNode;
                if is_ours && Kind::OF_AWS.contains(&target.kind()) && seen.insert(address) {
                    waiting.push(target);
                }
            }
            if Kind::OF_AWS.contains(&object.kind()) {
                self.members.push(object);
            }
        }
        let place = |object: &Object| {
            let place = (self.source.places)(&object.address, None);
            place.map(|span: Span| (span.file, span.start))
        };
        let rank = |object: &Object| Kind::OF_AWS.iter().position(|kind| *kind == object.kind());
        self.members
            .sort_by_key(|object| (rank(object), place(object), object.address.clone()));
        for users in self.users.values_mut() {
            users.sort_by_key(|user| &user.address);
            users.dedup_by_key(|user| &user.address);
        }
    }

    /// What the oldest tables said of their database themselves was no object: import made one, and it has no id.
    fn find_inside(&mut self) {
        let is_inside = |database: &Object| {
            let [table] = self.users(database)[..] else {
                return false;
            };
            let is_table =
                table.kind() == Kind::DataNode && own_id(table).is_some() && is_oldest_table(table);
            let mut set = database.attributes.keys();
            database.object_type.aws.contains(&"JdbcDatabase")
                && own_id(database).is_none()
                && is_table
                && set.all(|name| OF_TABLE.contains(&&**name))
        };
        let inside = self.members.iter().filter(|member| is_inside(member));
        self.inside = inside.map(|member| member.address.clone()).collect();
        let inside = &self.inside;
        self.members
            .retain(|member| !inside.contains(&member.address));
    }

    /// The database that is written into its table, if this is one.
    pub(super) fn inside(&self, address: &Address) -> Option<&'a Object> {
        self.inside.get(address).and_then(|it| self.object(it))
    }

    fn give_ids(&mut self) {
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for member in &self.members {
            if own_id(member).is_none() {
                *names.entry(label(member)).or_default() += 1;
            }
        }
        let mut taken: BTreeSet<String> = [DEFAULT.to_owned()].into();
        taken.extend(self.members.iter().filter_map(|member| own_id(member)));
        let mut given = BTreeSet::from([DEFAULT.to_owned()]);
        for member in &self.members {
            let id = match own_id(member) {
                Some(id) if given.insert(id.clone()) => id,
                own => {
                    let mut name = own.unwrap_or_else(|| label(member));
                    if names.get(&name).is_some_and(|count| *count > 1) || taken.contains(&name) {
                        name = format!("{name}_{}", member.kind().as_str());
                    }
                    unique(&name, &mut taken)
                }
            };
            self.ids.insert(&member.address, id);
        }
    }

    /// The id of an object, if it is exported.
    pub(super) fn id(&self, address: &Address) -> Option<&str> {
        self.ids.get(address).map(String::as_str)
    }

    pub(super) fn object(&self, address: &Address) -> Option<&'a Object> {
        self.source.objects.get(address)
    }

    /// The objects that refer to one, apart from the pipeline.
    pub(super) fn users(&self, object: &Object) -> Vec<&'a Object> {
        let users = self.users.get(&object.address);
        let users = users.into_iter().flatten().copied();
        users.filter(|user| user.kind() != Kind::Pipeline).collect()
    }

    /// The shortest way from an object to another over its references, as the names of fields.
    pub(super) fn way(&self, from: &Object, to: &Address) -> Option<Vec<String>> {
        let mut ways: Vec<(&Object, Vec<String>)> = vec![(from, Vec::new())];
        for _ in 0..MAX_STEPS {
            let mut further = Vec::new();
            for (object, way) in ways {
                for schema in object.object_type.schema() {
                    let mut references = object.references(schema.name);
                    if references.is_empty() && schema.name == "schedule" {
                        // All objects inherit it.
                        references = self.pipeline.references(schema.name);
                    }
                    let field = schema.aws_fields().into_iter().next();
                    let (Some(field), [(_, only)]) = (field, references.as_slice()) else {
                        continue;
                    };
                    let mut way = way.clone();
                    if !self.inside.contains(only) {
                        way.push(field);
                    }
                    if only == to {
                        return Some(way);
                    }
                    further.extend(self.object(only).map(|object| (object, way)));
                }
            }
            ways = further;
        }
        None
    }

    /// The field that an attribute of an object is written as.
    pub(super) fn field(&self, object: &Object, schema: &AttributeSchema) -> Option<String> {
        let fields = schema.aws_fields();
        if is_path(schema) && !self.is_directory(object) {
            return fields.into_iter().nth(1);
        }
        fields.into_iter().next()
    }

    /// Whether the path of an object ends with a slash.
    fn is_directory(&self, object: &Object) -> bool {
        let known = self.source.values;
        let known = known.and_then(|values| values.get(&object.address)?.get("path"));
        let written = object.get("path").and_then(ends_with_slash);
        let known = || known.and_then(ends_with_slash);
        written.or_else(known).unwrap_or(false)
    }

    /// Whether the path of an object is a directory that is written without its slash.
    pub(super) fn is_bare(&self, object: &Object) -> bool {
        let path = object.get("path");
        self.bare.contains(&object.address) || path.and_then(without_slash).is_some()
    }

    fn find_bare(&mut self) {
        let mut bare = BTreeSet::new();
        for member in self.members.iter().copied().chain([self.pipeline]) {
            for value in member.attributes.values() {
                value.visit_deferred(&mut |expr| {
                    if let Some(read) = trimmed(expr) {
                        bare.extend(self.read_by(member, &print::expression(read)));
                    }
                });
            }
        }
        bare.retain(|address| {
            self.object(address)
                .is_some_and(|object| self.is_directory(object))
        });
        self.bare = bare;
    }

    /// The objects whose attribute a name reads in a formula of an object.
    pub(super) fn read_by(&self, object: &Object, name: &str) -> Vec<Address> {
        let data = |users: &[&Object], rest: &str| -> Vec<Address> {
            let names = rest.split(['.', '[']).next().unwrap_or("");
            let attribute = names.trim_end_matches('s');
            let found = users.iter().flat_map(|user| user.references(attribute));
            let found = found.filter(|(own, _)| {
                attribute.len() == names.len()
                    || rest
                        .get(names.len() + 1..)
                        .is_some_and(|rest| rest.split(['.', '[']).next() == Some(own))
            });
            found.map(|(_, address)| address).collect()
        };
        if name.starts_with("self.") {
            return vec![object.address.clone()];
        }
        if let Some(rest) = name.strip_prefix("run.node.") {
            let users = self.users(object);
            return if rest.starts_with("input") || rest.starts_with("output") {
                data(&users, rest)
            } else {
                users.iter().map(|user| user.address.clone()).collect()
            };
        }
        if let Some(rest) = name.strip_prefix("run.") {
            return data(&[object], rest);
        }
        let address = name
            .rsplit_once('.')
            .map(|(address, _)| Address::new(address));
        address.into_iter().collect()
    }

    /// The schedule that an object goes by.
    pub(super) fn schedule(&self, object: &Object) -> Option<&'a Object> {
        let own = object.reference("schedule");
        let address = own.or_else(|| self.pipeline.reference("schedule"))?;
        self.object(&address)
    }

    /// The time zone in which the times of an object's instances are, if it is not UTC.
    pub(super) fn zone(&self, object: &Object) -> Option<&'a str> {
        match self.schedule(object)?.get("timezone")? {
            Value::String(zone) if !is_utc(zone) => Some(zone),
            _ => None,
        }
    }
}

/// Whether the fields of an object are other texts there than its attributes are here.
pub(super) fn is_spelled_otherwise(object: &Object) -> bool {
    let is_utc = |zone: &Value| matches!(zone, Value::String(zone) if is_utc(zone));
    let in_zone = object.get("timezone").is_some_and(|zone| !is_utc(zone));
    let otherwise = |name: &str| match object.get(name) {
        // `2026-11-01T00:00:00` is as the service writes it.
        Some(Value::String(text)) => text.parse::<DateTime>().is_err() || text.len() != 19,
        _ => false,
    };
    let is_odd = in_zone || object.get("cron").is_some();
    object.kind() == Kind::Schedule && (is_odd || otherwise("start") || otherwise("end"))
}

/// Whether the clocks of a zone are those of the service.
pub(super) fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "Etc/UTC")
}

/// Whether an attribute is the path that is one of two fields.
pub(super) fn is_path(schema: &AttributeSchema) -> bool {
    schema.name == "path" && schema.aws_fields().len() > 1
}

/// Whether an object is a table of the type that says of its database itself what an object of its own says else.
fn is_oldest_table(object: &Object) -> bool {
    let kept = object.get("aws_fields").map(entries_of).unwrap_or_default();
    let name = Value::string("MySqlDataNode");
    kept.contains(&("type".to_owned(), name))
}

/// The id that an object had.
fn own_id(object: &Object) -> Option<String> {
    match object.get("aws_id") {
        Some(Value::String(id)) if !id.is_empty() => Some(id.to_string()),
        _ => None,
    }
}

/// What an object is called: its name with its key, for one that stands in another one its type behind that one's name.
fn label(object: &Object) -> String {
    let plain = |text: &str| {
        let words = text.split(|sign: char| !sign.is_alphanumeric() && sign != '_');
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        words.join("_")
    };
    let name = plain(object.address.name());
    let address = object.address.as_str();
    let own = format!(".{}.{}", object.address.kind(), object.address.name());
    let owner = address.strip_suffix(&own);
    match owner.filter(|_| !object.is_named()) {
        Some(owner) => format!("{}_{name}", plain(Address::new(owner).name())),
        None => name,
    }
}

/// All objects that an object refers to.
fn references(object: &Object) -> Vec<Address> {
    let schemas = object.object_type.schema().filter(|schema| refers(schema));
    let found = schemas.flat_map(|schema| object.references(schema.name));
    found.map(|(_, address)| address).collect()
}

/// Whether an attribute refers to objects.
pub(super) fn refers(schema: &AttributeSchema) -> bool {
    matches!(
        schema.value,
        AttributeType::Ref(_)
            | AttributeType::Refs(_)
            | AttributeType::NamedRefs(_)
            | AttributeType::DependsOn
    )
}

/// Whether a text ends with a slash, if that shows.
fn ends_with_slash(value: &Value) -> Option<bool> {
    match parts_of(value).last() {
        Some(Part::Literal(text)) => Some(text.ends_with('/')),
        _ => None,
    }
}

/// What `trimsuffix(path, "/")` takes the slash from.
fn trimmed(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Call {
            name, arguments, ..
        } if &*name.text == "trimsuffix" => match arguments.as_slice() {
            [path, slash] if slash.kind == ExprKind::Value(Value::string("/")) => Some(path),
            _ => None,
        },
        _ => None,
    }
}

/// A path as it was before a slash was put behind it: `"${trimsuffix(var.path, "/")}/"`.
pub(super) fn without_slash(path: &Value) -> Option<Value> {
    let parts = parts_of(path);
    let [before @ .., Part::Interpolation(last), Part::Literal(slash)] = parts.as_slice() else {
        return None;
    };
    let path = trimmed(last).filter(|_| &**slash == "/")?;
    let mut parts = before.to_vec();
    parts.push(Part::Interpolation(path.clone()));
    let kind = ExprKind::Template(std::sync::Arc::new(parts));
    let span = last.span;
    Some(Value::Deferred(std::sync::Arc::new(Expr { kind, span })))
}
