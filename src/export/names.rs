//! What the names in formulas are to the service: parameters, its own fields and those behind references, what it sets at a run.

use std::cell::Cell;

use super::formula;
use super::formula::Gives;
use super::formula::Piece;
use super::index::Index;
use super::index::is_path;
use super::index::is_spelled_otherwise;
use super::parameters::Parameters;
use crate::import::expression::Expr;
use crate::objects::Address;
use crate::objects::AttributeType;
use crate::objects::Object;

/// How deep attributes may be made of others that are written out.
const MAX_DEPTH: usize = 8;

/// The names in an attribute of an object.
pub(super) struct Names<'n, 'a> {
    pub(super) index: &'n Index<'a>,
    pub(super) parameters: &'n Parameters<'a>,
    /// The object whose field is written.
    pub(super) object: &'n Object,
    /// The object whose attribute is read: the same, or one whose attribute is written out.
    pub(super) owner: &'n Object,
    /// The field.
    pub(super) key: &'n str,
    pub(super) depth: usize,
    /// Whether a computed number with a point is written into a text.
    pub(super) pointed: &'n Cell<bool>,
}

impl Names<'_, '_> {
    /// What the service sets when an instance runs: of the object itself, or of what it serves.
    fn run(&self, of: Option<&Expr>, name: &str) -> Result<Piece, String> {
        let field = |name: &str| match of {
            None => formula::name(name),
            Some(of) => formula::field(of.clone(), name),
        };
        let zone = if of.is_none() {
            self.index.zone(self.owner)
        } else {
            let users = self.index.users(self.object);
            users.first().and_then(|user| self.index.zone(user))
        };
        let time = |name: &str| match zone {
            None => Ok(field(name)),
            Some(zone) => formula::in_zone(field(name), zone),
        };
        let gives = Gives::Time(zone.map(|zone| format!("\"{zone}\"")));
        let part =
            |pattern| formula::format(time("@scheduledStartTime")?, pattern).map(Piece::text);
        match name {
            "scheduled_start" => Ok(Piece::new(time("@scheduledStartTime")?, gives)),
            "scheduled_end" => Ok(Piece::new(time("@scheduledEndTime")?, gives)),
            "actual_start" => Ok(Piece::new(time("@actualStartTime")?, gives)),
            "date" => Ok(Piece::new(time("@scheduledStartTime")?, Gives::Date)),
            "year" => part("YYYY"),
            "month" => part("MM"),
            "day" => part("dd"),
            "hour" => part("HH"),
            "attempt" => Ok(Piece::new(field("@attemptCount"), Gives::Number(true))),
            "id" => Ok(Piece::text(field("@id"))),
            "pipeline" => Ok(Piece::text(field("@pipelineId"))),
            "object" if of.is_some() => Ok(Piece::text(field("name"))),
            "object" => Ok(Piece::text(formula::text(self.owner.address.name()))),
            "status" if of.is_some() => Ok(Piece::text(field("@status"))),
            "error" if of.is_some() => Ok(Piece::text(field("errorMessage"))),
            _ => Err(format!("the service sets nothing like `run.{name}`")),
        }
    }

    /// An attribute of the data that an activity reads or writes: `input.path`, `inputs.logs[*].path`.
    fn data(&self, of: Option<&Expr>, rest: &str, attribute: &str) -> Result<Piece, String> {
        let name = match of {
            None => format!("run.{rest}.{attribute}"),
            Some(_) => format!("run.node.{rest}.{attribute}"),
        };
        let field = rest.split(['.', '[']).next().unwrap_or("");
        let targets = self.index.read_by(self.object, &name);
        let reader = match of {
            None => self.owner,
            Some(_) => self.object,
        };
        let every = field.ends_with('s');
        for target in &targets {
            let target = self.index.object(target);
            let same = |target: &Object| match of {
                // A list has one element where both have the same intervals.
                None => self.index.schedule(target) == self.index.schedule(reader),
                Some(_) => true,
            };
            if !target.is_some_and(same) {
                return Err(format!(
                    "`{name}` has the data of several intervals, and the service knows no such list"
                ));
            }
        }
        let field = field.trim_end_matches('s');
        let all = match of {
            None => self.object.references(field),
            Some(_) => Vec::new(),
        };
        if every && all.len() > 1 {
            return Err(format!(
                "`{name}` is one of several, and the service reads a field of all of them at once"
            ));
        }
        let reference = match of {
            None => formula::name(field),
            Some(of) => formula::field(of.clone(), field),
        };
        let piece = self.attribute(&targets, Some(reference), attribute, false)?;
        Ok(if every {
            Piece::new(piece.expr, Gives::List(Box::new(piece.gives)))
        } else {
            piece
        })
    }

    /// An attribute of objects of one type, which a reference leads to; `None`: of the object itself.
    fn attribute(
        &self,
        targets: &[Address],
        reference: Option<Expr>,
        attribute: &str,
        bare: bool,
    ) -> Result<Piece, String> {
        let unknown = || format!("no object that is exported has `{attribute}` there");
        let mut objects = targets
            .iter()
            .filter_map(|target| self.index.object(target));
        let has = |object: &&Object| object.object_type.attribute(attribute).is_some();
        let target = objects.find(has).ok_or_else(unknown)?;
        let schema = target
            .object_type
            .attribute(attribute)
            .ok_or_else(unknown)?;
        let field = self.index.field(target, schema);
        let field = field.ok_or_else(|| format!("`{attribute}` is no field of the service"))?;
        let is_field = reference.is_none() && field == self.key;
        if is_field {
            return Err(format!("`{attribute}` is made of itself"));
        }
        let read = match reference {
            None => formula::name(&field),
            Some(reference) => formula::field(reference, &field),
        };
        let gives = match schema.value {
            AttributeType::Integer(_) => Gives::Number(true),
            AttributeType::Number(..) => Gives::Number(false),
            AttributeType::Strings | AttributeType::Assignments => {
                Gives::List(Box::new(Gives::Text))
            }
            _ => Gives::Text,
        };
        let is_bare = is_path(schema) && self.index.is_bare(target);
        match (bare, is_bare) {
            (false, true) => Ok(formula::followed_by(read, "/")),
            (true, false) => Err("the slash at its end cannot be taken away there".to_owned()),
            _ => Ok(Piece::new(read, gives)),
        }
    }

    /// An attribute of an object: behind references, if some lead there, else written out.
    fn read(&self, address: &Address, attribute: &str, bare: bool) -> Result<Piece, String> {
        let targets = std::slice::from_ref(address);
        if *address == self.object.address {
            return self.attribute(targets, None, attribute, bare);
        }
        let owner = self.index.object(address);
        let is_there = !owner.is_some_and(is_spelled_otherwise);
        if is_there && let Some(way) = self.index.way(self.object, address) {
            let mut way = way.into_iter();
            let first = formula::name(way.next().unwrap_or_default());
            let reference = way.fold(first, formula::field);
            return self.attribute(targets, Some(reference), attribute, bare);
        }
        let value = owner.and_then(|owner| Some((owner, owner.get(attribute)?)));
        let (owner, value) = value.ok_or_else(|| format!("`{address}` has no `{attribute}`"))?;
        if self.depth >= MAX_DEPTH || bare {
            return Err(format!("no reference leads to `{address}`"));
        }
        let names = Names {
            owner,
            depth: self.depth + 1,
            ..*self
        };
        formula::whole(value, &names)
    }
}

impl formula::Names for Names<'_, '_> {
    fn meaning(&self, name: &str) -> Result<Piece, String> {
        if let Some(variable) = name.strip_prefix("var.") {
            let parameter = self.parameters.get(variable);
            let (id, gives) = parameter.ok_or_else(|| format!("`{name}` is no parameter"))?;
            return Ok(Piece::new(formula::name(id), gives));
        }
        if let Some(attribute) = name.strip_prefix("self.") {
            return self.read(&self.owner.address, attribute, false);
        }
        if let Some(rest) = name.strip_prefix("run.node.") {
            let node = formula::name("node");
            let is_data = rest.starts_with("input") || rest.starts_with("output");
            return match rest.rsplit_once('.') {
                Some((rest, attribute)) if is_data => self.data(Some(&node), rest, attribute),
                _ => self.run(Some(&node), rest).or_else(|_| {
                    let users = self.index.read_by(self.object, name);
                    self.attribute(&users, Some(node), rest, false)
                }),
            };
        }
        if let Some(rest) = name.strip_prefix("run.") {
            return match rest.rsplit_once('.') {
                Some((rest, attribute)) => self.data(None, rest, attribute),
                None => self.run(None, rest),
            };
        }
        match name.rsplit_once('.') {
            Some((address, attribute)) => self.read(&Address::new(address), attribute, false),
            None => Err(format!("`{name}` is nothing that the service knows")),
        }
    }

    fn without_slash(&self, name: &str) -> Result<Piece, String> {
        if let Some(attribute) = name.strip_prefix("self.") {
            return self.read(&self.owner.address, attribute, true);
        }
        let behind = |prefix: &str| name.strip_prefix(prefix)?.rsplit_once('.');
        let targets = self.index.read_by(self.object, name);
        if let Some((data, attribute)) = behind("run.node.") {
            let reference = formula::field(formula::name("node"), data);
            return self.attribute(&targets, Some(reference), attribute, true);
        }
        if let Some(attribute) = name.strip_prefix("run.node.") {
            return self.attribute(&targets, Some(formula::name("node")), attribute, true);
        }
        if let Some((data, attribute)) = behind("run.") {
            return self.attribute(&targets, Some(formula::name(data)), attribute, true);
        }
        match (targets.first(), name.rsplit_once('.')) {
            (Some(target), Some((_, attribute))) if self.index.object(target).is_some() => {
                self.read(target, attribute, true)
            }
            _ => Err("the service takes nothing away from a text".to_owned()),
        }
    }

    fn pointed(&self) {
        self.pointed.set(true);
    }

    fn secret(&self, place: &str) -> Result<Piece, String> {
        Ok(Piece::text(formula::name(self.parameters.secret(place))))
    }
}
